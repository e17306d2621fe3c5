// The ends that a daemon hands over, without the daemon.
import { openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { bindPuntSocket, Descriptor, openPacketSocket } from "../../lib/descriptor/index.js";
import { PuntError } from "../../lib/errors.js";
import { type Handed, HandedEnds } from "../../lib/module/handed-ends.js";
import type { PacketBatch } from "../../lib/packet/index.js";
import { PacketSocket } from "../../lib/packet-socket/index.js";
import type { PuntStatus } from "../../lib/punt/index.js";
import { testPunt } from "../../lib/testing/index.js";
import { openDescriptors, until } from "../support/descriptor/peer.js";
import { arp } from "../support/frames.js";
import { created, handedEnds, memifSide, socketSide, tap } from "../support/module/ends.js";
import { need } from "../support/need.js";
import { cable, frame, type Host } from "../support/packet-socket/wire.js";

/** A descriptor that is not a socket. */
const nothing = (kind: Handed["kind"], interconnect: number): Handed => ({
  ...{ kind, interconnect, identity: "broken", descriptor: Descriptor.own(openSync("/dev/null", "r+")) },
});

function isClosed(descriptor: Descriptor): boolean {
  try {
    return descriptor.fd < 0;
  } catch {
    return true;
  }
}

const DNS = { type: "PUNT_TO_SOCKET", toHost: { af: "IPV4", protocol: "UDP", port: 53 } } as const;

/** Binds a socket as the daemon does for a punt, beside that of the test's own end. */
function bindFor({ metadata }: PuntStatus): Descriptor {
  const { attachment } = metadata.interconnects[0]!;
  if (attachment.kind !== "af-unix") throw new Error("a punt socket is expected");
  return bindPuntSocket({ path: `${attachment.path}.cnf`, vppPath: attachment.vppPath! });
}

test("ends are connected as soon as VPP's interfaces are known, also when these come after the ends", async (t) => {
  await using vpp = await testPunt(DNS);
  const bound = bindFor(vpp.punt);
  const interfaces = { size: 0, find: () => undefined, has: () => true, nameOf: () => undefined };
  let isHanded = false;
  const told: (readonly string[])[] = [];
  const ends = new HandedEnds({
    ...{ interfaces, options: {}, answers: undefined, onProblem: () => {} },
    onChange: () => told.push(ends.unconnected()),
    async handOver() {
      if (isHanded) return [];
      isHanded = true;
      return [{ kind: "socket", interconnect: 0, identity: "1", descriptor: bound }];
    },
  });
  t.teardown(() => ends.close());
  ends.update(vpp.punt);
  while (told.length === 0) await sleep(5);
  t.regex(told[0]![0]!, /VPP's interfaces are not known yet/);
  interfaces.size = 1;
  while (told.at(-1)!.length > 0) await sleep(20);
  t.deepEqual(told.at(-1), []);
});

const { test: withNetns } = need("root", "netns");

const packets = ({ path: namespace }: Host, identity: string): Handed => ({
  ...{ kind: "packets", interconnect: 0, identity },
  descriptor: openPacketSocket({ device: "punt0", namespace }),
});

withNetns("the frames of a TAP come and go by the packet socket that was handed over last", async (t) => {
  const [first, second] = [cable(t), cable(t)];
  const { ends, asked, answers } = handedEnds(t, [() => [], () => [packets(first.a, "first")]]);
  const status = created([tap("punt0")]);
  ends.update(status);
  const got: string[] = [];
  const hear = (batch: PacketBatch, index: number) => {
    for (let i = 0; i < batch.length; i++) got.push(`${index} ${batch.u32(i, 14)}`);
  };
  await until(() => asked.length === 1 && ends.unconnected().length === 0);
  ends.receive(hear);
  const opened = () => (ends.ports[0]?.kind === "tap" ? ends.ports[0].packets : undefined);
  await until(() => opened() !== undefined);
  t.like(ends.ports[0], { kind: "tap", name: "punt0", interconnect: status.metadata.interconnects[0] });
  const before = opened();
  const far = [first, second].map(({ b }) => {
    const port = PacketSocket.open({ device: "far0", namespace: b.path });
    t.teardown(() => port.close());
    return port;
  });
  t.is(far[0]!.send(frame(1)), 1);
  await until(() => got.length === 1);
  const seen: number[] = [];
  for (const port of far) port.receive((batch) => void seen.push(batch.u32(0, 14)));
  t.true(ends.send(frame(2), { interconnect: 0 }));
  await until(() => seen.length === 1);
  answers.push(() => [packets(second.a, "second")]);
  ends.update(status);
  await until(() => opened() !== before);
  t.deepEqual(asked.at(-1), { have: { "packets/0": "first" }, packets: true });
  t.throws(() => before!.send(frame(3)), { code: "ERR_CLOSED" });
  t.is(far[1]!.send(frame(4)), 1);
  await until(() => got.length === 2);
  t.true(ends.send(frame(5), { interconnect: 0 }));
  await until(() => seen.length === 2);
  t.deepEqual(
    [got, seen],
    [
      ["0 1", "0 4"],
      [2, 5],
    ],
  );
});

withNetns.serial("a packet socket of another device than the punt's is closed", async (t) => {
  const { a } = cable(t);
  const before = openDescriptors();
  const { ends, problems } = handedEnds(t, [() => [packets(a, "late")]]);
  ends.receive(() => {});
  ends.update(created([tap("punt1")]));
  await until(() => problems.length > 0);
  const message = "cnf.open: the daemon has handed over punt0, and the punt has punt1";
  t.like(problems[0], { code: "ENODEV", message });
  await until(() => openDescriptors() <= before);
});

withNetns("a TAP that is gone is requested again, also where nothing is handed over at first", async (t) => {
  const [first, second] = [cable(t), cable(t)];
  const { ends, asked, answers, told } = handedEnds(t, [() => [packets(first.a, "first")]]);
  ends.receive(() => {});
  ends.update(created([tap("punt0")]));
  const opened = () => (ends.ports[0]?.kind === "tap" ? ends.ports[0].packets : undefined);
  await until(() => opened() !== undefined);
  const before = opened();
  first.a.ip("link", "delete", "punt0");
  await until(() => asked.length === 3);
  t.deepEqual(told.at(-1), ["interconnect 0: the TAP is gone"]);
  answers.push(() => [packets(second.a, "second")]);
  await until(() => opened() !== before);
  await until(() => told.at(-1)!.length === 0);
  t.deepEqual(asked.at(-1), { have: { "packets/0": "first" }, packets: true });
});

test("a memif answers for the addresses that the punt's metadata has now", async (t) => {
  const mac = "02:00:00:00:00:01";
  const addressed = (...addresses: string[]) => ({ cnfInterface: { mac, addresses } });
  const side = memifSide(t, addressed("10.0.0.2/24"));
  const { ends } = handedEnds(t, [() => [side.hand(0, "a")]], {
    answers: { kinds: ["arp"], ipAddresses: ["10.0.0.9"] },
  });
  const answered: string[] = [];
  side.server.receive((batch) => {
    // The sender's address of an answer: operation 2.
    for (let i = 0; i < batch.length; i++)
      if (batch.u16(i, 20) === 2) answered.push([...batch.copy(i).subarray(28, 32)].join("."));
  });
  const ask = (...addresses: string[]) => {
    const peer = "02:fd:00:00:00:01";
    for (const address of addresses)
      t.is(side.server.send(arp(1, [peer, "10.0.0.1"], ["00:00:00:00:00:00", address])), 1);
  };
  ends.update(created([side.interconnect]));
  await until(() => ends.ports.length === 1 && ends.unconnected().length === 0 && side.server.peer !== undefined);
  ask("10.0.0.2", "10.0.0.3", "10.0.0.9");
  await until(() => answered.length === 2);
  ends.update(created([{ ...side.interconnect, ...addressed("10.0.0.3/24") } as unknown as typeof side.interconnect]));
  ask("10.0.0.2", "10.0.0.3", "10.0.0.9");
  await until(() => answered.length === 4);
  t.deepEqual(answered, ["10.0.0.2", "10.0.0.9", "10.0.0.3", "10.0.0.9"]);
});

test("an end that cannot be opened is requested again, and does not keep the others closed", async (t) => {
  const [first, second] = [socketSide(t), memifSide(t)];
  const { ends, asked, problems } = handedEnds(t, [
    () => [nothing("socket", 0), second.hand(1, "memif"), first.inject(0, "inject")],
    () => [first.socket(0, "socket")],
  ]);
  ends.update(created([first.interconnect, second.interconnect]));
  await until(() => asked.length >= 2 && ends.unconnected().length === 0);
  t.is((problems[0] as PuntError).code, "ENOTSOCK");
  t.like(asked[1]!.have, { "inject/0": "inject", "socket/0": undefined });
  t.deepEqual(
    ends.ports.map(({ kind }) => kind),
    ["af-unix", "memif"],
  );
  t.true(ends.send(Buffer.alloc(60), { interconnect: 0, swIfIndex: 1 }));
});

test("an end that cannot be opened in the place of another is requested again, and so is VPP's socket", async (t) => {
  const side = socketSide(t);
  const { ends, asked, answers, problems } = handedEnds(t, [() => [side.socket(0, "a"), side.inject(0, "b")]]);
  const status = created([side.interconnect]);
  ends.update(status);
  await until(() => ends.unconnected().length === 0);
  answers.push(
    () => [nothing("socket", 0), nothing("inject", 0)],
    () => [side.socket(0, "c"), side.inject(0, "d")],
  );
  ends.update(status);
  await until(() => problems.at(-1) !== undefined);
  t.deepEqual(ends.unconnected(), ["interconnect 0: its end is not handed over yet"]);
  t.false(ends.send(Buffer.alloc(60), { interconnect: 0, swIfIndex: 1 }));
  await until(() => ends.unconnected().length === 0);
  t.deepEqual(
    asked.map(({ have }) => have),
    [{}, { "socket/0": "a", "inject/0": "b" }, {}],
  );
  t.true(ends.send(Buffer.alloc(60), { interconnect: 0, swIfIndex: 1 }));
});

test("the descriptor of an end that cannot be opened is closed", async (t) => {
  const side = memifSide(t);
  const handed = side.hand(0, "memif");
  const { ends, problems } = handedEnds(t, [() => [handed]], { options: { memif: { ringSize: 33 } } });
  ends.update(created([side.interconnect]));
  await until(() => problems[0] !== undefined);
  t.like(problems[0], { code: "ERR_OPTION" });
  t.false(handed.descriptor.isOpen);
});

test("a problem with a handover is over once all ends are there without another one", async (t) => {
  await using vpp = await testPunt(DNS);
  const bound = bindFor(vpp.punt);
  const interfaces = { size: 0, find: () => undefined, has: () => true, nameOf: () => undefined };
  const problems: (string | undefined)[] = [];
  let asked = 0;
  const ends = new HandedEnds({
    ...{ interfaces, options: {}, answers: undefined, onChange: () => {} },
    onProblem: (error) => void problems.push((error as PuntError | undefined)?.code),
    async handOver() {
      if (asked++ > 0) throw new PuntError("punt.attach", "EMFILE", "no descriptor is left");
      return [{ kind: "socket", interconnect: 0, identity: "1", descriptor: bound }];
    },
  });
  t.teardown(() => ends.close());
  ends.update(vpp.punt);
  while (problems.at(-1) !== "EMFILE") await sleep(5);
  interfaces.size = 1;
  while (problems.at(-1) === "EMFILE") await sleep(5);
  t.is(problems.at(-1), undefined);
});

test("an end that comes before the status of its request is closed, and the status brings it again", async (t) => {
  const [memif, socket] = [memifSide(t), socketSide(t)];
  const early = socket.socket(0, "new");
  const { ends, asked, problems } = handedEnds(t, [() => [early], () => [socket.socket(0, "new")]]);
  ends.update(created([memif.interconnect]));
  await until(() => isClosed(early.descriptor));
  t.deepEqual(ends.ports, []);
  ends.update(created([socket.interconnect]));
  await until(() => ends.ports[0]?.kind === "af-unix");
  t.deepEqual(asked[1]!.have, {});
  t.true(problems.every((problem) => problem === undefined));
});
