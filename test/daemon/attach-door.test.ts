// attach.sock's door: its looks at the namespaces that CNFs have handed over, and callers that have given up.
import { statSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { AttachDoor } from "../../lib/daemon/attach/index.js";
import type { Parts } from "../../lib/daemon/service/index.js";
import { bindPuntSocket, receiveDescriptors } from "../../lib/descriptor/index.js";
import { encodeAttach } from "../../lib/wire/index.js";
import { settled } from "../support/module/life.js";
import { socketFolder } from "../support/punt-socket/peer.js";

/** A door over punts of the test's, and the looks that it has planned, by the time between them. @param others parts that it uses besides */
function openDoor(t: ExecutionContext, cnf?: string, others: object = {}) {
  const folder = socketFolder(t);
  const { setInterval: set, clearInterval: clear } = globalThis;
  t.teardown(() => Object.assign(globalThis, { setInterval: set, clearInterval: clear }));
  const looks: (() => void)[] = [];
  const running = new Set<unknown>();
  const started = (run: () => void, ms: number) => {
    if (ms === 10_000) looks.push(run);
    const timer = { unref: () => timer };
    running.add(timer);
    return timer;
  };
  Object.assign(globalThis, { setInterval: started, clearInterval: (timer: unknown) => void running.delete(timer) });
  const place = {
    list: async (): Promise<unknown> => [],
    get: async (): Promise<unknown> => undefined,
    hasPins: true,
    cleaned: [] as string[][],
    warned: [] as unknown[][],
  };
  async function* watch() {}
  const parts = {
    punts: { list: () => place.list(), get: () => place.get(), watch },
    ...{ socketDirectory: folder, cluster: () => undefined, ...others },
    pins: {
      isEmpty: async () => !place.hasPins,
      clean: async (used: Set<string>) => void place.cleaned.push([...used]),
    },
    log: { warn: (...words: unknown[]) => void place.warned.push(words) },
  } as unknown as Parts;
  const path = join(folder, "attach.sock");
  const entrance = { path: join(folder, "manager.sock"), cnf };
  const file = { path, mode: 0o600, group: undefined, owner: undefined };
  const door = AttachDoor.open(parts, { ...file, entrance, credentialsOf: () => ({ pid: 0, uid: 0, gid: 0 }) });
  t.teardown(() => door.close());
  return { door, path, folder, place, looks, running };
}

test.serial("namespaces that no punt names are looked for, also after a look that failed, until the end", async (t) => {
  const { door, place, looks, running } = openDoor(t);
  t.is(looks.length, 1);
  const [look] = looks;
  const error = new Error("etcd is away");
  place.list = () => Promise.reject(error);
  look!();
  await settled();
  t.deepEqual(place.warned, [[{ err: error }, "namespaces without a punt were not looked for"]]);
  place.list = async () => [{ request: { netns: { path: "/run/ns" } } }, { request: { netns: { name: "blue" } } }];
  look!();
  await settled();
  t.deepEqual(place.cleaned, [["/run/ns", ""]]);
  place.hasPins = false;
  look!();
  await settled();
  t.is(place.cleaned.length, 1);
  place.hasPins = true;
  let answer = (_: unknown[]) => {};
  place.list = () => new Promise((resolve) => (answer = resolve));
  look!();
  await door.close();
  answer([]);
  await settled();
  t.deepEqual([place.cleaned.length, running.size], [1, 0]);
});

test.serial("the door of one CNF leaves that to the door of all", (t) => {
  t.deepEqual(openDoor(t, "dns").looks, []);
});

test.serial("the punt socket of a caller that has given up does not take the place of its newer one", async (t) => {
  const id = { cnf: "dns", key: "", label: "" };
  let written = (_: object) => {};
  const entry = new Promise((resolve) => (written = resolve));
  const others = { tokens: { take: () => ({ id }) }, audit: { write: (line: object) => written(line) } };
  const { door, path, folder, place } = openDoor(t, undefined, others);
  const socket = join(folder, "dns.sock");
  let found = (_: object) => {};
  const asked = new Promise<void>((resolve) => {
    place.get = () => {
      resolve();
      return new Promise((answer) => (found = answer));
    };
  });
  const question = encodeAttach({ kind: "punt", token: "", have: {}, packets: false });
  const refused = t.throwsAsync(receiveDescriptors(path, question), { code: "ECONNRESET" });
  await asked;
  await door.close();
  await refused;
  const own = bindPuntSocket({ path: socket });
  t.teardown(() => own.close());
  const { ino } = statSync(socket);
  found({ id, metadata: { interconnects: [{ attachment: { kind: "af-unix", path: socket } }] } });
  t.like(await entry, { decision: "failed", code: "ERR_CLOSED" });
  t.is(statSync(socket).ino, ino);
});

test.serial(
  "a punt that was deleted since its token was given out is refused by its name, as the audit log says",
  async (t) => {
    const id = { cnf: "dns", key: "item", label: "one" };
    const entries: object[] = [];
    const others = { tokens: { take: () => ({ id }) }, audit: { write: (line: object) => void entries.push(line) } };
    const { path } = openDoor(t, undefined, others);
    const question = encodeAttach({ kind: "punt", token: "", have: {}, packets: false });
    const message = "punt.attach: there is no punt dns/item/one any more";
    await t.throwsAsync(receiveDescriptors(path, question), { message });
    const caller = "unix uid 0 gid 0";
    t.deepEqual(entries, [
      { caller, call: "attach.sock", punts: [id], decision: "failed", code: "ERR_NO_SUCH_PUNT", message },
    ]);
  },
);
