// Filters inside of memif ports and forwarders: native code decides, and handlers see only what is left.
import test, { type ExecutionContext } from "ava";
import {
  type Forwarder,
  type ForwardHandler,
  type ForwardOptions,
  forward,
  type Memif,
  type MemifOptions,
} from "../../lib/memif/index.js";
import { PacketRules } from "../../lib/packet/index.js";
import { forwarding, memifPair, memifSocket, openMemif, until } from "../support/memif/ports.js";
import { numberedFrames } from "../support/packet/numbered.js";
import { modulo } from "../support/packet/programs.js";

const numbers = (count: number, step = 1, first = 0) => Array.from({ length: count }, (_, i) => first + step * i);

async function sendAll(port: Memif, packets: Uint8Array[]): Promise<void> {
  for (let sent = 0; sent < packets.length; ) {
    sent += port.send(packets.slice(sent));
    await new Promise(setImmediate);
  }
}

for (const role of ["client", "server"] as const) {
  for (const zeroCopy of [true, false]) {
    test(`a handler gets what the filter takes, many times around the ring: ${role}, zeroCopy ${zeroCopy}`, async (t) => {
      const own = { filter: modulo(3, 1), zeroCopy };
      const { client, server } = await memifPair(
        t,
        { ringSize: 32 },
        role === "client" ? own : {},
        role === "server" ? own : {},
      );
      const [port, peer] = role === "client" ? [client, server] : [server, client];
      const seen: [number, number][] = [];
      port.receive((batch) => {
        for (let i = 0; i < batch.length; i++) seen.push([batch.u32(i, 0), batch.view(i).length]);
      });
      await sendAll(peer, numberedFrames(3000, 0, 128));
      await until(() => seen.length === 1000);
      t.deepEqual(
        seen,
        numbers(1000, 3, 1).map((number) => [number, 128]),
      );
      t.like(port.stats().rx[0], { packets: 1000, bytes: 128_000, droppedFilter: 2000, lost: 0 });
      await until(() => peer.tx(0).freeSlots() === 32);
    });
  }
}

test("a burst that the filter drops whole returns its slots without a handler", async (t) => {
  const rules = new PacketRules([{ action: "drop" }]);
  const { client, server } = await memifPair(t, { ringSize: 64 }, { filter: rules });
  client.receive(() => t.fail());
  await sendAll(server, numberedFrames(5000));
  await until(() => server.tx(0).freeSlots() === 64);
  t.like(client.stats().rx[0], { packets: 0, bytes: 0, droppedFilter: 5000, lost: 0 });
  t.deepEqual(rules.counts(), [{ packets: 5000, bytes: 500_000 }]);
});

test("the first rule that takes a packet decides, and each counts its packets", async (t) => {
  const rules = new PacketRules([
    { match: modulo(2, 0), action: "count" },
    { match: modulo(5, 0), action: "deliver" },
    { match: modulo(2, 1), action: "drop" },
    { action: "count" },
  ]);
  const { client, server } = await memifPair(t, { rxMode: "polling" }, { filter: rules });
  server.send(numberedFrames(30));
  const seen: number[] = [];
  await until(() => {
    client.rx(0).poll((batch) => {
      for (let i = 0; i < batch.length; i++) seen.push(batch.u32(i, 0));
    });
    return client.stats().rx[0]!.droppedFilter === 12;
  });
  t.deepEqual(
    seen,
    numbers(30).filter((number) => number % 5 === 0 || number % 2 === 0),
  );
  t.deepEqual(
    rules.counts().map(({ packets }) => packets),
    [15, 6, 12, 12],
  );
});

test("packets left by the filter are retained, answered and sent as any others", async (t) => {
  const { client, server } = await memifPair(
    t,
    { rxMode: "polling", ringSize: 64 },
    { filter: modulo(4, 3), spareBuffers: 8 },
  );
  for (let round = 0; round < 20; round++) {
    server.send(numberedFrames(32));
    const kept = await new Promise<{ bytes: Uint8Array; release(): void }[]>((resolve) => {
      client.rx(0).poll((batch) => {
        batch.swap(5, 0, 4, 4);
        batch.reply(2, 60);
        batch.reply(5);
        resolve([batch.retain(0), batch.retain(7)]);
      });
    });
    t.deepEqual(
      kept.map(({ bytes }) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)),
      [3, 31],
    );
    for (const packet of kept) packet.release();
    const answers: [number, number][] = [];
    server.rx(0).poll((batch) => {
      for (let i = 0; i < batch.length; i++) answers.push([batch.u32(i, i), batch.byteLength(i)]);
    });
    t.deepEqual(answers, [
      [11, 60],
      [(23 << 24) | (23 << 16) | (23 << 8), 100],
    ]);
  }
});

test("a filter is changed while packets run, in a handler too, and taken away", async (t) => {
  const { client, server } = await memifPair(t, { rxMode: "polling" });
  const seen: number[] = [];
  const poll = () =>
    client.rx(0).poll((batch) => {
      for (let i = 0; i < batch.length; i++) seen.push(batch.u32(i, 0));
      client.setFilter(modulo(2, 0));
      t.is(batch.u32(0, 0), seen.at(-batch.length)!);
    });
  server.send(numberedFrames(4));
  poll();
  server.send(numberedFrames(4, 4));
  poll();
  client.setFilter(undefined);
  server.send(numberedFrames(4, 8));
  poll();
  t.deepEqual(seen, [0, 1, 2, 3, 4, 6, 8, 9, 10, 11]);
});

interface Bench {
  left: Memif;
  right: Memif;
  b: Memif;
  forwarder: Forwarder;
}

async function bench(
  t: ExecutionContext,
  decide: ForwardHandler | undefined,
  options: ForwardOptions,
  role: MemifOptions["role"] = "client",
  rxMode: MemifOptions["rxMode"] = "adaptive",
): Promise<Bench> {
  const sockets = [memifSocket(t), memifSocket(t)] as const;
  const common = { ringSize: 64, engine: "builtin" } as const;
  const other = role === "client" ? "server" : "client";
  const left = openMemif(t, { ...common, role: other, socket: sockets[0], rxMode: "polling", reconnectMs: 10 });
  const right = openMemif(t, { ...common, role: "server", socket: sockets[1], rxMode: "polling" });
  const a = openMemif(t, { ...common, role, socket: sockets[0], reconnectMs: 10, rxMode });
  const b = openMemif(t, { ...common, role: "client", socket: sockets[1], reconnectMs: 10, rxMode });
  const forwarder = await forwarding([left, right, a, b], () => forward(a, b, decide, options));
  return { left, right, b, forwarder };
}

function take(port: Memif): number[] {
  const got: number[] = [];
  port.rx(0).poll((batch) => {
    for (let i = 0; i < batch.length; i++) got.push(batch.u32(i, 0));
  });
  return got;
}

const MIXED = [
  { match: modulo(3, 0), action: "pass" },
  { match: modulo(3, 1), action: "drop" },
] as const;

for (const role of ["client", "server"] as const) {
  test(`what passes natively keeps its place among what a handler passes: port A a ${role}`, async (t) => {
    const seen: number[] = [];
    const decide: ForwardHandler = (batch) => {
      for (let i = 0; i < batch.length; i++) {
        seen.push(batch.u32(i, 0));
        if (batch.u32(i, 0) % 2 === 1) batch.drop(i);
      }
    };
    const { left, right, forwarder } = await bench(t, decide, { filter: new PacketRules(MIXED) }, role);
    const got: number[] = [];
    const sending = sendAll(left, numberedFrames(3000));
    await until(() => {
      got.push(...take(right));
      return got.length === 1500;
    });
    await sending;
    t.deepEqual(
      got,
      numbers(3000).filter((number) => number % 3 === 0 || (number % 3 === 2 && number % 2 === 0)),
    );
    t.deepEqual(
      seen,
      numbers(3000).filter((number) => number % 3 === 2),
    );
    const expected = { passed: 1500, replied: 0, dropped: 500, filtered: 1000, refused: 0, failed: 0 };
    t.deepEqual(forwarder.stats().ab, expected);
    await until(() => left.tx(0).freeSlots() === 64);
  });
}

test("without a packet for the handler, it is not called, and both directions have their own rules", async (t) => {
  const filter = { ab: new PacketRules([{ action: "pass" }]), ba: modulo(2, 0) };
  const seen: string[] = [];
  const { left, right, forwarder } = await bench(t, (_, direction) => seen.push(direction), { filter });
  await sendAll(left, numberedFrames(40));
  await sendAll(right, numberedFrames(40));
  const [there, back]: number[][] = [[], []];
  await until(() => {
    there!.push(...take(right));
    back!.push(...take(left));
    return there!.length === 40 && back!.length === 20;
  });
  t.deepEqual([there, back], [numbers(40), numbers(20, 2)]);
  t.true(seen.every((direction) => direction === "ba"));
  forwarder.setFilter(undefined);
  await sendAll(right, numberedFrames(3));
  await until(() => back!.push(...take(left)) === 23);
});

test("when a handler throws, what passes natively still goes", async (t) => {
  const filter = new PacketRules(MIXED);
  const decide = () => {
    throw new Error("mine");
  };
  const { left, right, forwarder } = await bench(t, decide, { filter }, "client", "polling");
  left.send(numberedFrames(9));
  t.throws(() => forwarder.poll(), { message: "mine" });
  t.deepEqual(take(right), [0, 3, 6]);
  t.deepEqual(forwarder.stats().ab, { passed: 3, replied: 0, dropped: 0, filtered: 3, refused: 0, failed: 3 });
  left.send(numberedFrames(1));
  t.is(forwarder.poll(), 1);
});

test("what passes natively to a port without a peer is refused and counted", async (t) => {
  const { left, right, b, forwarder } = await bench(t, undefined, { filter: new PacketRules([{ action: "pass" }]) });
  right.close();
  await until(() => b.peer === undefined);
  await sendAll(left, numberedFrames(60));
  await until(() => forwarder.stats().ab.refused === 60);
  t.like(forwarder.stats().ab, { passed: 0, filtered: 0 });
  await until(() => left.tx(0).freeSlots() === 64);
});

test("wrong filters are refused by name", (t) => {
  const socket = memifSocket(t);
  const open = (filter: unknown) => openMemif(t, { role: "server", socket, filter: filter as never });
  const passing = new PacketRules([{ action: "pass" }]);
  for (const [call, message] of [
    [() => open("udp"), /filter must be a PacketFilter or PacketRules/],
    [() => open(passing), /"pass", which is for forward/],
    [() => new PacketRules([{ action: "reject" as never }]), /rules\[0\].action/],
    [() => new PacketRules([{ match: "udp" as never, action: "drop" }]), /rules\[0\].match must be/],
    [() => new PacketRules([{ action: "drop", mark: 1 } as never]), /rules\[0\].mark does not exist/],
    [() => new PacketRules("udp" as never), /rules must be a list/],
    [() => new PacketRules(Array.from({ length: 257 }, () => ({ action: "drop" as const }))), /at most 256/],
  ] as const) {
    t.throws(call, { code: "ERR_OPTION", message });
  }
  const port = open(undefined);
  t.throws(() => port.setFilter(passing), { code: "ERR_OPTION" });
  const other = openMemif(t, { role: "server", socket: memifSocket(t) });
  for (const filter of [{ up: passing }, { ab: 5 }, 5]) {
    t.throws(() => forward(port, other, undefined, { filter: filter as never }), { code: "ERR_OPTION" });
  }
});
