// Forwarding between two ports: what moves, what a handler decides, and what happens when a peer goes.
import test, { type ExecutionContext } from "ava";
import { type Forwarder, type ForwardHandler, forward, type Memif, type MemifOptions } from "../../lib/memif/index.js";
import { event, forwarding, memifSocket, openMemif, until } from "../support/memif/ports.js";
import { numberedFrame, numberedFrames } from "../support/packet/numbered.js";

const builtin = { engine: "builtin", ringSize: 64 } as const;

interface Bench {
  a: Memif;
  b: Memif;
  left: Memif;
  right: Memif;
  sockets: [left: string, right: string];
  forwarder: Forwarder;
}

/** Two peers, `left` and `right`, with a forwarder between them. */
async function bench(
  t: ExecutionContext,
  decide?: ForwardHandler,
  options: Partial<MemifOptions> = {},
  roleOfA: MemifOptions["role"] = "client",
): Promise<Bench> {
  const sockets: [string, string] = [memifSocket(t), memifSocket(t)];
  const other = roleOfA === "client" ? "server" : "client";
  const left = openMemif(t, {
    ...builtin,
    role: other,
    socket: sockets[0],
    rxMode: "polling",
    rxQueues: 2,
    txQueues: 2,
  });
  const right = openMemif(t, {
    ...builtin,
    role: "server",
    socket: sockets[1],
    rxMode: "polling",
    rxQueues: 2,
    txQueues: 2,
  });
  const a = openMemif(t, { ...builtin, role: roleOfA, socket: sockets[0], reconnectMs: 10, ...options });
  const b = openMemif(t, { ...builtin, role: "client", socket: sockets[1], reconnectMs: 10, ...options });
  const forwarder = await forwarding([left, right, a, b], () => forward(a, b, decide));
  return { a, b, left, right, sockets, forwarder };
}

async function steady(port: Memif): Promise<void> {
  for (let still = 0; still < 50; still++) {
    if (port.peer === undefined) still = 0;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Polls all queues of a peer; returns [queue, number, length] of each packet. */
function take(port: Memif): [number, number, number][] {
  const got: [number, number, number][] = [];
  for (let queue = 0; queue < (port.peer?.rxQueues ?? 0); queue++) {
    port.rx(queue).poll((batch) => {
      for (let i = 0; i < batch.length; i++) got.push([queue, batch.u32(i, 0), batch.byteLength(i)]);
    });
  }
  return got;
}

async function collect(port: Memif, count: number): Promise<[number, number, number][]> {
  const got: [number, number, number][] = [];
  await until(() => {
    got.push(...take(port));
    return got.length >= count;
  });
  return got;
}

async function sendAll(port: Memif, packets: Uint8Array[], meanwhile: () => void): Promise<void> {
  for (let sent = 0; sent < packets.length; ) {
    sent += port.send(packets.slice(sent));
    meanwhile();
    await new Promise(setImmediate);
  }
}

for (const roleOfA of ["client", "server"] as const) {
  test(`all packets pass in order, both ways, many times around the rings, port A a ${roleOfA}`, async (t) => {
    const { left, right, forwarder, a, b } = await bench(t, undefined, {}, roleOfA);
    t.is(forwarder.zeroCopy, roleOfA === "client");
    const got: { left: number[]; right: number[] } = { left: [], right: [] };
    const look = () => {
      got.right.push(...take(right).map(([, number]) => number));
      got.left.push(...take(left).map(([, number]) => number));
    };
    await Promise.all([sendAll(left, numberedFrames(5000), look), sendAll(right, numberedFrames(5000, 10_000), look)]);
    await until(() => {
      look();
      return got.left.length === 5000 && got.right.length === 5000;
    });
    t.deepEqual(
      got.right,
      Array.from({ length: 5000 }, (_, i) => i),
    );
    t.deepEqual(
      got.left,
      Array.from({ length: 5000 }, (_, i) => 10_000 + i),
    );
    const { ab, ba } = forwarder.stats();
    t.deepEqual(ab, { passed: 5000, replied: 0, dropped: 0, filtered: 0, refused: 0, failed: 0 });
    t.deepEqual(ba, ab);
    t.is(left.tx(0).freeSlots(), 64);
    t.deepEqual([a.stats().violations, b.stats().violations], [0, 0]);
  });
}

test("a handler drops, answers, changes bytes, and chooses the queue", async (t) => {
  const decide: ForwardHandler = (batch, direction) => {
    if (direction !== "ab") return;
    for (let i = 0; i < batch.length; i++) {
      const kind = batch.u32(i, 0) % 5;
      if (kind === 0) batch.drop(i);
      if (kind === 1) batch.reply(i, 60);
      if (kind === 2) batch.queue(i, 1);
      if (kind === 3) batch.setU32(i, 0, batch.u32(i, 0) + 1_000_000);
      if (kind === 4) {
        batch.drop(i);
        batch.pass(i);
      }
    }
  };
  const { left, right, forwarder } = await bench(t, decide, { txQueues: 2, rxQueues: 2 });
  t.is(left.send(numberedFrames(50)), 50);
  const [there, back] = [await collect(right, 30), await collect(left, 10)];
  const numbers = (kind: number) => Array.from({ length: 10 }, (_, i) => 5 * i + kind);
  t.deepEqual(
    there.filter(([queue]) => queue === 1).map(([, number]) => number),
    numbers(2),
  );
  t.deepEqual(
    there.filter(([queue]) => queue === 0).map(([, number]) => number),
    [...numbers(3).map((number) => number + 1_000_000), ...numbers(4)].sort(
      (x, y) => (x % 1_000_000) - (y % 1_000_000),
    ),
  );
  t.deepEqual(
    back,
    numbers(1).map((number) => [0, number, 60]),
  );
  t.deepEqual(forwarder.stats().ab, { passed: 30, replied: 10, dropped: 10, filtered: 0, refused: 0, failed: 0 });
});

test("chained packets pass whole", async (t) => {
  const { left, right } = await bench(t, undefined, { bufferSize: 256 });
  const long = numberedFrames(20, 0, 2000);
  const got: [number, number, number][] = [];
  await sendAll(left, long, () => got.push(...take(right)));
  await until(() => {
    got.push(...take(right));
    return got.length === 20;
  });
  t.deepEqual(
    got,
    long.map((_, i) => [0, i, 2000]),
  );
});

test("either peer may stop and return many times, and no buffer is lost", async (t) => {
  const { left, right, sockets, forwarder, a, b } = await bench(t);
  const peers = [left, right];
  for (let round = 0; round < 8; round++) {
    const side = round % 2;
    peers[0]!.send(numberedFrames(40));
    peers[1]!.send(numberedFrames(40));
    await new Promise(setImmediate);
    peers[side]!.close();
    await until(() => [a, b][side]!.peer === undefined);
    peers[side] = openMemif(t, { ...builtin, role: "server", socket: sockets[side]!, rxMode: "polling" });
    await until(() => [a, b, ...peers].every((port) => port.peer !== undefined));
    const [from, to] = [peers[0]!, peers[1]!];
    await until(() => take(to).length === 0 && take(from).length === 0);
    await steady(a);
    take(to);
    const got: number[] = [];
    await sendAll(from, numberedFrames(1000, 5000), () => got.push(...take(to).map(([, number]) => number)));
    await until(() => {
      got.push(...take(to).map(([, number]) => number));
      return got.at(-1) === 5999;
    });
    t.deepEqual(
      got.filter((number) => number >= 5000),
      Array.from({ length: 1000 }, (_, i) => 5000 + i),
    );
  }
  const { ab } = forwarder.stats();
  t.is(ab.passed + ab.refused, a.stats().rx[0]!.packets);
});

test("packets for a port without a peer are refused and counted", async (t) => {
  const { left, right, forwarder, b } = await bench(t);
  right.close();
  await until(() => b.peer === undefined);
  t.is(left.send(numberedFrames(60)), 60);
  await until(() => forwarder.stats().ab.refused === 60);
  t.is(left.tx(0).freeSlots(), 64);
});

test("packets for a peer that does not read wait at first; then they are refused", async (t) => {
  const { left, right, forwarder } = await bench(t);
  await sendAll(left, numberedFrames(64), () => {});
  await until(() => forwarder.stats().ab.passed === 64);
  t.is(left.send(numberedFrames(64, 64)), 64);
  await new Promise(setImmediate);
  t.is(forwarder.stats().ab.refused, 0);
  await until(() => forwarder.stats().ab.refused === 64);
  t.deepEqual(
    (await collect(right, 64)).map(([, number]) => number),
    Array.from({ length: 64 }, (_, i) => i),
  );
});

test("a handler that throws loses its burst, counted, and forwarding goes on", async (t) => {
  let angry = true;
  const { left, right, forwarder } = await bench(
    t,
    () => {
      if (angry) throw new Error("mine");
    },
    { rxMode: "polling" },
  );
  left.send(numberedFrames(10));
  t.throws(() => forwarder.poll(), { message: "mine" });
  angry = false;
  left.send(numberedFrames(5, 100));
  t.is(forwarder.poll(), 5);
  t.deepEqual(
    take(right).map(([, number]) => number),
    [100, 101, 102, 103, 104],
  );
  t.deepEqual(forwarder.stats().ab, { passed: 5, replied: 0, dropped: 0, filtered: 0, refused: 0, failed: 10 });
});

test("in polling a full ring holds packets back for good", async (t) => {
  const { left, right, forwarder } = await bench(t, undefined, { rxMode: "polling" });
  t.is(left.send(numberedFrames(64)), 64);
  t.is(forwarder.poll(), 64);
  t.is(left.send(numberedFrames(20, 64)), 20);
  for (let i = 0; i < 5000; i++) t.is(forwarder.poll(), 0);
  take(right);
  t.is(forwarder.poll(), 20);
  t.is(forwarder.stats().ab.refused, 0);
});

test("closing ends both ports; a handler may do it", async (t) => {
  const { left, a, b } = await bench(t, () => {
    a.close();
    b.close();
  });
  left.send(numberedFrames(3));
  await event(left, "down");
  t.throws(() => a.send(numberedFrame(1)), { code: "ERR_CLOSED" });
});

test("wrong arguments are refused by name", (t) => {
  const open = (options: Partial<MemifOptions>) =>
    openMemif(t, { ...builtin, role: "client", socket: memifSocket(t), ...options });
  const [a, b, small] = [open({}), open({}), open({ bufferSize: 512 })];
  for (const [call, message] of [
    [() => forward(a, a), /portB/],
    [() => forward({} as never, b), /portA/],
    [() => forward(a, small), /bufferSize of portA, 2048; got 512/],
    [() => forward(a, b, 5 as never), /decide/],
    [() => forward(a, b, undefined, { directions: "up" as never }), /directions/],
    [() => forward(a, b, undefined, { way: 1 } as never), /way/],
  ] as const) {
    t.throws(call, { code: "ERR_OPTION", message });
  }
  const forwarder = forward(a, b);
  t.throws(() => forward(a, b), { code: "ERR_QUEUE_TAKEN" });
  t.throws(() => forwarder.poll(), { code: "ERR_NOT_POLLING" });
  forwarder.close();
  t.throws(() => forward(a, b), { code: "ERR_CLOSED" });
});
