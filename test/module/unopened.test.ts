// Ends that are not open yet, packets that come before a handler, and calls that only the own daemon can answer.
import { join } from "node:path";
import test from "ava";
import { bindPuntSocket } from "../../lib/descriptor/index.js";
import { injectFrame, PathEnds } from "../../lib/module/ends.js";
import { HandedEnds } from "../../lib/module/handed-ends.js";
import { RemotePunts } from "../../lib/module/remote/punts.js";
import type { PuntStatus } from "../../lib/punt/index.js";
import { socketFolder, until } from "../support/descriptor/peer.js";
import { startVpp } from "../support/punt-socket/peer.js";

const interfaces = { size: 1, find: () => undefined, has: () => true, nameOf: () => undefined };
const hooks = { interfaces, options: {}, answers: undefined, onProblem: () => {}, onChange: () => {} };

test("ends that are not open say so, have no ports, and send nothing", (t) => {
  const paths = new PathEnds(hooks);
  t.deepEqual(paths.unconnected(), ["the ends are not open yet"]);
  t.deepEqual(paths.ports, []);
  const handed = new HandedEnds({ ...hooks, handOver: async () => [] });
  t.deepEqual(handed.unconnected(), ["the ends are not handed over yet"]);
  t.deepEqual(handed.ports, []);
  for (const ends of [paths, handed]) {
    t.false(ends.send(new Uint8Array(60), { interconnect: 0, swIfIndex: 1 }));
    t.false(ends.send(new Uint8Array(60), { interconnect: 0 }));
    t.notThrows(() => ends.close());
  }
  t.false(injectFrame(undefined, new Uint8Array(60), { interconnect: 0 }));
  t.false(injectFrame(undefined, new Uint8Array(60), { interconnect: 0, swIfIndex: 0 }));
});

test("packets that come before the first handler wait for it", async (t) => {
  const folder = socketFolder(t);
  const [path, vppPath] = [join(folder, "client"), join(folder, "vpp")];
  const vpp = startVpp(t, vppPath);
  const descriptor = bindPuntSocket({ path, vppPath });
  const attachment = { kind: "af-unix", path, vppPath };
  let asked = 0;
  const ends = new HandedEnds({
    ...hooks,
    async handOver() {
      if (asked++ > 0) return [];
      return [{ kind: "socket", interconnect: 0, identity: "1", descriptor }];
    },
  });
  t.teardown(() => ends.close());
  ends.update({ state: "CREATED", metadata: { interconnects: [{ attachment }] } } as unknown as PuntStatus);
  await until(() => ends.ports.length === 1);
  t.deepEqual(ends.unconnected(), []);
  t.is(vpp.punt(path, Buffer.from("early"), 7), undefined);
  // A socket with a listener would have delivered it in these turns.
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 2));
  const seen: string[] = [];
  ends.receive((batch, interconnect) => void seen.push(`${interconnect} ${Buffer.from(batch.copy(0))}`));
  await until(() => seen.length === 1);
  t.is(vpp.punt(path, Buffer.from("late"), 7), undefined);
  await until(() => seen.length === 2);
  t.deepEqual(seen, ["0 early", "0 late"]);
});

test("a descriptor for an end that the punt does not have, or that comes after the end, is closed", async (t) => {
  const folder = socketFolder(t);
  const vpp = startVpp(t, join(folder, "vpp"));
  const bound = (name: string) => bindPuntSocket({ path: join(folder, name), vppPath: join(folder, "vpp") });
  const [strange, late] = [bound("strange"), bound("late")];
  const attachment = { kind: "af-unix", path: join(folder, "own"), vppPath: join(folder, "vpp") };
  const status = { state: "CREATED", metadata: { interconnects: [{ attachment }] } } as unknown as PuntStatus;
  const first = new HandedEnds({
    ...hooks,
    handOver: async () => [{ kind: "socket", interconnect: 3, identity: "1", descriptor: strange }],
  });
  first.update(status);
  await until(() => !strange.isOpen);
  first.close();
  const second = new HandedEnds({
    ...hooks,
    async handOver() {
      second.close();
      return [{ kind: "socket", interconnect: 0, identity: "1", descriptor: late }];
    },
  });
  second.update(status);
  await until(() => !late.isOpen);
  t.deepEqual([strange.isOpen, late.isOpen], [false, false]);
  t.deepEqual(second.ports, []);
  for (const name of ["strange", "late"]) t.is(vpp.punt(join(folder, name), Buffer.alloc(60)), "ECONNREFUSED", name);
});

test("a program that asks for another host gets no ends of it", async (t) => {
  const punts = new RemotePunts({ socket: "/nowhere/daemon.sock", host: "other" });
  t.teardown(() => punts.close());
  const refused = await t.throwsAsync(punts.attach({ cnf: "a" }), {
    code: "ERR_UNSUPPORTED",
    message: "punt.attach: only a daemon of host other can do that: ask it there",
  });
  t.like(refused, { op: "punt.attach", details: { host: "other" } });
});
