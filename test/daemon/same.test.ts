// One interface either way: the same calls on a manager in this process and on a daemon's client give the same answers, errors and events.
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { PuntError } from "../../lib/errors.js";
import {
  EmulatedHost,
  type PuntId,
  PuntManager,
  type PuntRequestInput,
  type Punts,
  type WatchEvent,
} from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

const CONFIGURATION = ["eth0", "eth1"].flatMap((name, index) => [
  `set interface state ${name} up`,
  `set interface ip address ${name} 10.0.${index}.1/24`,
]);

const span = (key: string, vppInterface = "eth0"): PuntRequestInput => ({
  ...{ cnf: "mirror", key, type: "SPAN", interconnect: "MEMIF", vppInterface },
});

const FOLDER = new RegExp(`${tmpdir().replaceAll(/[^\w/]/g, "\\$&")}/[^"/]+/`, "g");

/** Leaves out the parts that differ between two VPPs and two times: random secrets, folders, moments and revisions. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (key, each) =>
    /^(secret|revision|since|at|nextTry|next|time)$/.test(key) ? 0 : each,
  );
  return text === undefined ? undefined : JSON.parse(text.replaceAll(FOLDER, "/tmp/x/"));
}

async function outcome(call: () => Promise<unknown> | unknown): Promise<unknown> {
  try {
    return plain(await call());
  } catch (error) {
    const { op, code, message, details } = error as PuntError;
    return error instanceof PuntError ? plain({ op, code, message, details }) : String(error);
  }
}

/** Does everything that an interface of punts can do, and returns the result of each call, by name. */
async function story(t: ExecutionContext, punts: Punts): Promise<Record<string, unknown>> {
  const said: Record<string, unknown> = {};
  const tell = async (name: string, call: () => Promise<unknown> | unknown) => {
    said[name] = await outcome(call);
  };
  const events: string[] = [];
  const ending = new AbortController();
  const watching = (async () => {
    // A watch has progress some time after another CNF's events.
    for await (const event of punts.watch({ cnf: "mirror", signal: ending.signal }))
      if (event.kind !== "progress") events.push(wordOf(event));
  })();
  const created = { waitFor: "CREATED", timeout: 20_000 } as const;
  await tell("add", () => punts.add(span("one"), created));
  await tell("an equal add", () => punts.add(span("one"), created));
  await tell("another request of the same id", () => punts.add(span("one", "eth1")));
  await tell("a conflict", async () => {
    const cross = (cnf: string) =>
      ({ cnf, type: "HAIRPIN_XCONNECT", interconnect: "MEMIF", vppInterface1: "eth0", vppInterface2: "eth1" }) as const;
    await punts.add(cross("first"), created);
    try {
      return await punts.add(cross("second"));
    } finally {
      await punts.delete({ cnf: "first" });
    }
  });
  await tell("a bad request", () => punts.add({ ...span("bad"), vppInterface: 5 } as never));
  await tell("an unknown field", () => punts.add({ ...span("bad"), colour: "red" } as never));
  await tell("a punt that waits", () => punts.add(span("waits", "eth9")));
  await tell("a wait for too long", () => punts.add(span("waits", "eth9"), { waitFor: "CREATED", timeout: 50 }));
  await tell("update", () => punts.update(span("one", "eth1"), created));
  await tell("update of nothing", () => punts.update(span("nothing")));
  await tell("get", () => punts.get({ cnf: "mirror", key: "one" }));
  await tell("get of nothing", () => punts.get({ cnf: "mirror", key: "nothing" }));
  await tell("list", () => punts.list({ cnf: "mirror" }));
  await tell("list of nothing", () => punts.list({ cnf: "other" }));
  await tell("plan", async () => {
    const { steps, punts: planned } = await punts.plan({ add: [span("two")], delete: [{ cnf: "mirror", key: "one" }] });
    return { steps: steps.map(({ action, item }) => [action, item]), planned };
  });
  await tell("plan of a deletion of nothing", () => punts.plan({ delete: [{ cnf: "mirror", key: "nothing" }] }));
  await tell("apply", () =>
    punts.apply({ cnf: "mirror", punts: [span("one", "eth1"), span("two")] }, { timeout: 20_000 }),
  );
  await tell("apply of another CNF's punt", () => punts.apply({ cnf: "other", punts: [span("one")] }));
  await tell("apply with a bad request", () =>
    punts.apply({ cnf: "mirror", punts: [{ ...span("bad"), type: "X" } as never] }),
  );
  await tell("attach", async () => {
    using ends = await punts.attach({ cnf: "mirror", key: "one" } as PuntId);
    return Object.keys(ends).sort();
  });
  await tell("attach of nothing", () => punts.attach({ cnf: "mirror", key: "nothing" } as PuntId));
  await tell("delete", () => punts.delete({ cnf: "mirror", key: "one" }));
  await tell("delete of nothing", () => punts.delete({ cnf: "mirror", key: "one" }));
  await tell("apply of nothing", () => punts.apply({ cnf: "mirror", punts: [] }));
  await tell("a watch with a wrong revision", async () => {
    for await (const event of punts.watch({ from: "of another term:1", signal: ending.signal }))
      return [event.kind, "resync" in event];
    return undefined;
  });
  while (!events.at(-1)?.includes("two DELETED")) await new Promise(setImmediate);
  ending.abort();
  await watching.catch((error) => t.fail(String(error)));
  said.events = events;
  return said;
}

function wordOf(event: WatchEvent): string {
  if (event.kind === "snapshot") return `snapshot of ${event.punts.length}`;
  if (event.kind !== "change") return event.kind;
  const { id, to } = event.event;
  return `${id.key} ${to}`;
}

/** Calls with arguments of wrong types or shapes. */
const WRONG_CALLS: Readonly<Record<string, (punts: Punts, wrong: never) => unknown>> = {
  add: (punts, wrong) => punts.add(wrong),
  "options of add": (punts, wrong) => punts.add(span("one"), wrong),
  update: (punts, wrong) => punts.update(wrong),
  "options of update": (punts, wrong) => punts.update(span("one"), wrong),
  apply: (punts, wrong) => punts.apply(wrong, { keep: true }),
  "punts of apply": (punts, wrong) => punts.apply({ cnf: "mirror", punts: wrong }),
  "a punt of apply": (punts, wrong) => punts.apply({ cnf: "mirror", punts: [wrong] }),
  "deletions of apply": (punts, wrong) => punts.apply({ cnf: "mirror", punts: [], delete: wrong }),
  "options of apply": (punts, wrong) => punts.apply({ cnf: "mirror", punts: [] }, wrong),
  delete: (punts, wrong) => punts.delete(wrong),
  get: (punts, wrong) => punts.get(wrong),
  list: (punts, wrong) => punts.list(wrong),
  "list of a name": (punts, wrong) => punts.list({ cnf: wrong }),
  plan: (punts, wrong) => punts.plan(wrong),
  "additions of plan": (punts, wrong) => punts.plan({ add: wrong }),
  "an addition of plan": (punts, wrong) => punts.plan({ add: [wrong] }),
  "a deletion of plan": (punts, wrong) => punts.plan({ delete: [wrong] }),
  watch: (punts, wrong) => punts.watch(wrong),
  "watch from": (punts, wrong) => punts.watch({ from: wrong }),
  "watch with a signal": (punts, wrong) => punts.watch({ signal: wrong }),
};

const WRONG: readonly unknown[] = [null, 5, { a: 1 }, [null], { keep: true }, { cnf: null }, Object.create(null, {})];

test("a manager and a daemon's client refuse wrong arguments in the same words", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const remote = await (await daemonTest(t)).connect();
  for (const [name, call] of Object.entries(WRONG_CALLS))
    for (const wrong of ["", "text", ...WRONG]) {
      const where = `${name}: ${JSON.stringify(wrong)}`;
      const own = await outcome(async () => void (await call(it.manager, wrong as never)));
      const text = own === undefined ? "" : String((own as PuntError).message);
      t.notRegex(String(own), /Error/, where);
      t.notRegex(text, /internal|undefined \(/, where);
      t.deepEqual(await outcome(async () => void (await call(remote, wrong as never))), own, where);
    }
  t.deepEqual(it.manager.list(), []);
});

test("a set with the option keep among its fields is refused: it would delete punts", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { id } = await it.manager.add(span("one", "if0"));
  const set = { cnf: "mirror", punts: [span("two", "if1")], keep: true };
  await t.throwsAsync(it.manager.apply(set), { code: "ERR_INVALID_REQUEST", message: /keep: is not a field of a set/ });
  t.is(it.manager.get(id)?.state, "CREATED");
});

test("a program gets the same from a manager of its own and from a daemon", async (t) => {
  const running = await daemonTest(t);
  const vpp = await EmbeddedVpp.start({ interfaces: ["eth0", "eth1"], exec: CONFIGURATION });
  t.teardown(() => vpp.close());
  const client = await Vpp.connect({ socketPath: vpp.apiSocket });
  t.teardown(() => client.close());
  const folders = { memifDirectory: join(vpp.directory, "memif") };
  const manager = await PuntManager.start({
    vpp: client,
    host: new EmulatedHost(vpp),
    ...folders,
    resyncInterval: 500,
  });
  t.teardown(() => manager.close());
  const own = await story(t, manager);
  const remote = await story(t, await running.connect());
  for (const name of Object.keys(own)) t.deepEqual(remote[name], own[name], name);
});
