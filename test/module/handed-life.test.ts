// The ends that a daemon hands over, over time: requested, kept, opened again and closed.
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { blockDatagrams, connectMemifControl, unblockDatagrams } from "../../lib/descriptor/index.js";
import { PuntError } from "../../lib/errors.js";
import { Memif } from "../../lib/memif/index.js";
import type { Handed } from "../../lib/module/handed-ends.js";
import { until } from "../support/descriptor/peer.js";
import { created, handedEnds, memifSide, silentMemif, socketSide, tap } from "../support/module/ends.js";
import { settled } from "../support/module/life.js";
import { need } from "../support/need.js";

const away = () => Promise.reject(new PuntError("punt.attach", "ERR_DISCONNECTED", "no daemon"));

test("ends are asked for once VPP has made the punt", async (t) => {
  const { ends, asked } = handedEnds(t, []);
  for (const state of ["INIT", "PENDING", "FAILED", "DELETED"] as const) ends.update(created([tap("tap0")], state));
  await settled();
  t.deepEqual(asked, []);
  t.deepEqual(ends.unconnected(), ["the ends are not handed over yet"]);
  ends.update(created([tap("tap0")], "DEGRADED"));
  t.deepEqual(asked, [{ have: {}, packets: false }]);
});

test("memifs are handed over once, and later requests name them", async (t) => {
  const sides = [memifSide(t), memifSide(t, { id: 5 })];
  const { ends, asked, problems, told } = handedEnds(t, [
    () => [sides[0]!.hand(0, "a")],
    () => [sides[1]!.hand(1, "b")],
  ]);
  const status = created(sides.map(({ interconnect }) => interconnect));
  ends.update(status);
  t.deepEqual(ends.unconnected(), [
    "interconnect 0: its end is not handed over yet",
    "interconnect 1: its end is not handed over yet",
  ]);
  await until(() => ends.ports.length === 2 && ends.unconnected().length === 0);
  t.deepEqual(asked.at(0), { have: {}, packets: false });
  t.false("memif/1" in asked[1]!.have);
  await until(() => told.at(-1)?.length === 0);
  t.true(problems.every((problem) => problem === undefined));
  const count = asked.length;
  const before = ends.ports;
  ends.update(status);
  await settled();
  t.deepEqual(asked.slice(count), [{ have: { "memif/0": "a", "memif/1": "b" }, packets: false }]);
  t.deepEqual(
    ends.ports.map((port, index) => port === before[index]),
    [true, true],
  );
});

test("a memif that has lost its VPP is requested again, and its port stays", async (t) => {
  const sides = [memifSide(t), memifSide(t)];
  const { ends, asked, told, answers } = handedEnds(t, [
    () => sides.map((side, index) => side.hand(index, `first ${index}`)),
  ]);
  ends.update(created(sides.map(({ interconnect }) => interconnect)));
  await until(() => ends.ports.length === 2 && ends.unconnected().length === 0);
  const before = ends.ports;
  const count = asked.length;
  sides[1]!.server.close();
  await until(() => told.at(-1)?.[0] === "interconnect 1: memif is not connected to VPP");
  sides[1]!.serve();
  answers.push(() => [sides[1]!.hand(1, "second")]);
  await until(() => ends.unconnected().length === 0);
  t.deepEqual(asked[count], { have: { "memif/0": "first 0" }, packets: false });
  t.deepEqual(
    ends.ports.map((port, index) => port === before[index]),
    [true, true],
  );
  ends.update(created(sides.map(({ interconnect }) => interconnect)));
  t.deepEqual(asked.at(-1)!.have, { "memif/0": "first 0", "memif/1": "second" });
});

need("python3").test("a memif is handed over once for each handshake, however long VPP takes for it", async (t) => {
  const vpp = await silentMemif(t);
  const { ends, asked } = handedEnds(t, [() => [vpp.hand(0, "a")]]);
  ends.update(created([memifSide(t).interconnect]));
  await until(() => asked.length >= 4);
  t.deepEqual(
    asked.slice(0, 4).map(({ have }) => have["memif/0"]),
    [undefined, "a", "a", "a"],
  );
  vpp.hangUp();
  await until(() => !("memif/0" in asked.at(-1)!.have));
});

test("a punt that gets other ends closes the former ends", async (t) => {
  const [first, second] = [memifSide(t), memifSide(t)];
  const { ends, asked, answers } = handedEnds(t, [() => [first.hand(0, "a")]]);
  ends.update(created([first.interconnect]));
  await until(() => ends.ports.length === 1 && first.server.peer !== undefined);
  const [port] = ends.ports;
  answers.push(() => [second.hand(0, "b")]);
  ends.update(created([second.interconnect]));
  t.deepEqual(asked.at(-1), { have: {}, packets: false });
  await until(() => first.server.peer === undefined && second.server.peer !== undefined);
  t.not(ends.ports[0], port);
});

test("ends that come after the punt got others are closed, and the others are asked for", async (t) => {
  const [memif, socket] = [memifSide(t), socketSide(t)];
  for (const [before, after, late, next] of [
    [tap("tap0"), memif.interconnect, socket.socket(0, "a"), memif.hand(0, "b")],
    [memif.interconnect, tap("tap0"), memif.hand(0, "a"), undefined],
    [memif.interconnect, socket.interconnect, memif.hand(0, "a"), socket.socket(0, "b")],
  ] as const) {
    let answer = () => {};
    const isLate = new Promise<readonly Handed[]>((resolve) => (answer = () => resolve([late])));
    const { ends, asked, problems } = handedEnds(t, [() => isLate, () => (next ? [next] : [])]);
    ends.update(created([before]));
    ends.update(created([after]));
    answer();
    await until(() => asked.length >= 2 && ends.unconnected().length === 0);
    t.false(late.descriptor.isOpen);
    t.deepEqual(asked[1], { have: {}, packets: false });
    t.deepEqual(
      ends.ports.map(({ kind }) => kind),
      [(after.attachment as { kind: string }).kind],
    );
    t.true(problems.every((problem) => problem === undefined));
    ends.close();
  }
});

test("frames go by the memif of the interconnect, once it is connected", async (t) => {
  const sides = [memifSide(t), memifSide(t)];
  const { ends } = handedEnds(t, [() => sides.map((side, index) => side.hand(index, "a"))]);
  const got: string[] = [];
  for (const [index, { server }] of sides.entries())
    server.receive((batch) => void got.push(`${index} ${Buffer.from(batch.copy(0)).subarray(0, 3)}`));
  ends.update(created(sides.map(({ interconnect }) => interconnect)));
  const frame = Buffer.concat([Buffer.from("one"), Buffer.alloc(60)]);
  // No turn of the event loop, in which they could connect.
  while (ends.ports.length < 2) await undefined;
  t.false(ends.send(frame, { interconnect: 1 }), "it is not connected yet");
  await until(() => ends.unconnected().length === 0);
  t.true(ends.send(frame, { interconnect: 1 }));
  await until(() => got.length === 1);
  t.deepEqual(got, ["1 one"]);
});

test("a handler gets the packets of ends that come after it, and a later handler takes its place", async (t) => {
  const sides = [memifSide(t), memifSide(t)];
  const { ends, asked, answers } = handedEnds(t, [() => [sides[0]!.hand(0, "a")]]);
  const got: string[] = [];
  const heard = (who: string) => (batch: { length: number }, index: number) =>
    void got.push(`${who} ${index} ${batch.length}`);
  ends.receive(heard("first"));
  ends.update(created(sides.map(({ interconnect }) => interconnect)));
  await until(() => sides[0]!.server.send(Buffer.alloc(60)) === 1);
  await until(() => got.length === 1);
  answers.push(() => [sides[1]!.hand(1, "b")]);
  await until(() => sides[1]!.server.peer !== undefined);
  ends.receive(heard("second"));
  await until(() => sides[1]!.server.send(Buffer.alloc(60)) === 1);
  await until(() => got.length === 2);
  t.deepEqual(got, ["first 0 1", "second 1 1"]);
  t.true(asked.length >= 2);
});

test("a handler that is taken away gets nothing more", async (t) => {
  const side = memifSide(t);
  const { ends } = handedEnds(t, [() => [side.hand(0, "a")]]);
  const got: number[] = [];
  ends.receive((batch) => void got.push(batch.length));
  ends.update(created([side.interconnect]));
  await until(() => side.server.peer !== undefined && ends.unconnected().length === 0);
  side.server.send(Buffer.alloc(60));
  await until(() => got.length === 1);
  ends.receive(undefined);
  side.server.send(Buffer.alloc(60));
  const [port] = ends.ports;
  await until(() => port?.kind === "memif" && port.memif.stats().rx[0]!.packets === 2);
  await settled();
  t.deepEqual(got, [1]);
});

test("a daemon that is away is a problem until it has handed over what is missing", async (t) => {
  const side = memifSide(t);
  const { ends, asked, problems } = handedEnds(t, [away, away, () => [side.hand(0, "a")]]);
  ends.update(created([side.interconnect]));
  await until(() => ends.ports.length === 1 && ends.unconnected().length === 0);
  t.deepEqual(
    problems.slice(0, 3).map((problem) => (problem as PuntError | undefined)?.code),
    ["ERR_DISCONNECTED", "ERR_DISCONNECTED", undefined],
  );
  t.true(asked.length >= 3);
});

test("a daemon that is away does not matter where nothing is missing", async (t) => {
  const { ends, asked, problems, told } = handedEnds(t, [away]);
  ends.update(created([tap("tap0")]));
  await until(() => told.length === 1);
  t.deepEqual(problems, [undefined]);
  t.is(asked.length, 1);
  t.deepEqual(ends.unconnected(), []);
});

test("a punt that changes while the daemon answers is requested once more", async (t) => {
  const [first, second] = [memifSide(t), memifSide(t)];
  let answer = () => {};
  const { ends, asked } = handedEnds(t, [
    () => new Promise((resolve) => (answer = () => resolve([]))),
    () => [second.hand(0, "b")],
  ]);
  ends.update(created([first.interconnect]));
  ends.update(created([second.interconnect]));
  ends.update(created([second.interconnect]));
  await settled();
  t.is(asked.length, 1);
  answer();
  // No turn of the event loop, in which a memif that is not connected yet could be asked for again.
  while (ends.ports.length < 1) await undefined;
  t.is(asked.length, 2);
  t.deepEqual(asked[1], { have: {}, packets: false });
  await until(() => ends.unconnected().length === 0);
});

test("the frames of a TAP are asked for when the program uses them", async (t) => {
  const { ends, asked } = handedEnds(t, []);
  ends.update(created([tap("tap0"), tap("tap1")]));
  await settled();
  t.deepEqual(asked, [{ have: {}, packets: false }]);
  t.deepEqual(
    ends.ports.map((port) => port.kind === "tap" && [port.name, port.packets, port.interconnect.attachment.kind]),
    [
      ["tap0", undefined, "tap"],
      ["tap1", undefined, "tap"],
    ],
  );
  t.false(ends.send(Buffer.alloc(60), { interconnect: 1 }));
  t.deepEqual(asked, [
    { have: {}, packets: false },
    { have: {}, packets: true },
  ]);
  await until(() => asked.length >= 3);
  t.true(asked.slice(1).every(({ packets }) => packets));
});

test("a handler asks for the frames of TAPs, and not for those of other ends", async (t) => {
  const withTap = handedEnds(t, []);
  withTap.ends.update(created([tap("tap0")]));
  await settled();
  withTap.ends.receive(() => {});
  t.deepEqual(
    withTap.asked.map(({ packets }) => packets),
    [false, true],
  );
  const side = memifSide(t);
  const without = handedEnds(t, [() => [side.hand(0, "a")]]);
  without.ends.update(created([side.interconnect]));
  await until(() => without.ends.unconnected().length === 0);
  const count = without.asked.length;
  without.ends.receive(undefined);
  without.ends.receive(() => {});
  without.ends.receive(() => {});
  t.is(without.asked.length, count);
});

test("frames leave by the punt socket that was handed over last, and a socket that VPP has replaced is requested again", async (t) => {
  const [side, other] = [socketSide(t), socketSide(t)];
  const { ends, asked, problems, answers } = handedEnds(t, [() => [side.socket(0, "a"), side.inject(0, "b")]]);
  const status = created([side.interconnect]);
  ends.update(status);
  await until(() => ends.unconnected().length === 0);
  await settled();
  t.deepEqual(asked, [{ have: {}, packets: false }]);
  const frame = Buffer.alloc(60, 7);
  t.true(ends.send(frame, { interconnect: 0, swIfIndex: 2 }));
  await until(() => side.vpp.injected.length === 1);
  t.like(side.vpp.injected[0], { swIfIndex: 2, action: 0 });
  // VPP has made the punt again: a daemon that is away has not said yet whether the socket is another.
  answers.push(away, () => [other.inject(0, "c")]);
  ends.update(status);
  await until(() => asked.length === 3);
  t.deepEqual(asked[1]!.have, { "socket/0": "a", "inject/0": "b" });
  await settled();
  t.is((problems.at(-2) as PuntError).code, "ERR_DISCONNECTED");
  t.is(problems.at(-1), undefined);
  t.true(ends.send(frame, { interconnect: 0, swIfIndex: 1 }));
  await until(() => other.vpp.injected.length === 1);
  t.is(side.vpp.injected.length, 1);
});

test("closed ends close their ports, ask for nothing and send nothing", async (t) => {
  const [memif, socket] = [memifSide(t), socketSide(t)];
  const { ends, asked } = handedEnds(t, [() => [memif.hand(0, "a"), socket.socket(1, "b"), socket.inject(1, "c")]]);
  const status = created([memif.interconnect, socket.interconnect]);
  ends.update(status);
  await until(() => ends.unconnected().length === 0);
  const count = asked.length;
  ends.close();
  ends.update(status);
  ends.receive(() => {});
  await until(() => memif.server.peer === undefined);
  t.is(asked.length, count);
  t.deepEqual(ends.ports, []);
  t.false(ends.send(Buffer.alloc(60), { interconnect: 0, swIfIndex: 1 }));
  t.regex(socket.vpp.punt(socket.path, Buffer.from("late"), 1)!, /^(ECONNREFUSED|ENOENT)$/);
});

test.serial("closed ends, and ends of another punt, leave no timer behind, and tell nothing more", async (t) => {
  const { setInterval: set, clearInterval: clear } = globalThis;
  t.teardown(() => Object.assign(globalThis, { setInterval: set, clearInterval: clear }));
  const looks = new Set<unknown>();
  const started = (run: () => void, ms: number) => {
    const timer = set(run, ms);
    if (ms === 1_000) looks.add(timer);
    return timer;
  };
  const cleared = (timer: NodeJS.Timeout) => {
    looks.delete(timer);
    clear(timer);
  };
  Object.assign(globalThis, { setInterval: started, clearInterval: cleared });
  const [first, second] = [socketSide(t), socketSide(t)];
  const { ends, told, problems, answers } = handedEnds(t, [
    () => [first.socket(0, "a")],
    () => [second.socket(0, "b")],
  ]);
  for (const side of [first, second]) {
    ends.update(created([side.interconnect]));
    await until(() => ends.ports.length === 1 && ends.unconnected().length === 0);
    t.is(looks.size, 1);
  }
  answers.push(away);
  ends.update(created([memifSide(t).interconnect]));
  await until(() => problems.at(-1) !== undefined);
  await settled();
  ends.close();
  t.is(looks.size, 0);
  const count = told.length;
  // The next request would come after 200 ms.
  await sleep(400);
  t.is(told.length, count);
});

test("a memif that VPP refuses to this program says why", async (t) => {
  const side = memifSide(t);
  const { socket } = side.interconnect.attachment as { socket: string };
  const first = Memif.open({ role: "client", mode: "ethernet", id: 0, descriptor: connectMemifControl(socket) });
  t.teardown(() => first.close());
  await until(() => first.peer !== undefined);
  const { ends } = handedEnds(t, [() => [side.hand(0, "a")]]);
  ends.update(created([side.interconnect]));
  await until(() => /refuses the connection \(already connected\)/.test(ends.unconnected().join()));
  t.pass();
});

test("ends that are all there are asked for no more, until one is lost", async (t) => {
  const [memif, socket] = [memifSide(t), socketSide(t)];
  const { ends, asked, told } = handedEnds(t, [
    () => [memif.hand(0, "a"), socket.socket(1, "b"), socket.inject(1, "c")],
  ]);
  ends.update(created([memif.interconnect, socket.interconnect]));
  await until(() => ends.ports.length === 2 && ends.unconnected().length === 0);
  // The next request would come after 200 ms.
  await sleep(400);
  const counts = [asked.length, told.length];
  await sleep(400);
  t.deepEqual([asked.length, told.length], counts);
  memif.server.close();
  await until(() => told.at(-1)?.[0] === "interconnect 0: memif is not connected to VPP");
  await until(() => asked.length > counts[0]!);
});

test("a punt socket that is found without VPP is looked at until it is connected, of which no event tells", async (t) => {
  const side = socketSide(t);
  const handed = side.socket(0, "a");
  using daemons = handed.descriptor.duplicate();
  const { ends, told } = handedEnds(t, [() => [handed, side.inject(0, "b")]]);
  ends.update(created([side.interconnect]));
  await until(() => told.at(-1)?.length === 0);
  // As the daemon does while the program is stopped, and a moment longer.
  blockDatagrams(daemons);
  t.is(ends.unconnected().length, 1);
  unblockDatagrams(daemons, side.vpp.path);
  const count = told.length;
  await until(() => told.length > count);
  t.deepEqual(told.at(-1), []);
});

test("options of the ports reach the ends that are handed over", async (t) => {
  const [memif, socket] = [memifSide(t), socketSide(t)];
  const { ends } = handedEnds(t, [() => [memif.hand(0, "a"), socket.socket(1, "b")]], {
    options: { puntSocket: { batchSize: 2, mode: 0o600, group: 0 }, memif: { name: "own-end" } },
  });
  ends.update(created([memif.interconnect, socket.interconnect]));
  await until(() => memif.server.peer !== undefined);
  t.is(memif.server.peer!.interface, "own-end");
  const bursts: number[] = [];
  for (let i = 0; i < 5; i++) t.is(socket.vpp.punt(socket.path, Buffer.alloc(60), 1), undefined);
  ends.receive((batch) => void bursts.push(batch.length));
  await until(() => bursts.reduce((sum, length) => sum + length, 0) === 5);
  t.true(Math.max(...bursts) <= 2, bursts.join());
});
