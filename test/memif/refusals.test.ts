// The refusals of ports, queues and forwarders: their words, and the ring that they leave as it was.
import { openSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { connectMemifControl, Descriptor } from "../../lib/descriptor/index.js";
import { type Forwarder, forward, Memif, type MemifHandle, type MemifOptions } from "../../lib/memif/index.js";
import { forwarding, memifPair, memifSocket, openMemif, until } from "../support/memif/ports.js";

const polling = { rxMode: "polling" } as const;
/** More turns than a watch takes to see the room of a ring. */
const TURNS = 5;

async function turns(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await new Promise(setImmediate);
}

/** A port without a peer. */
function alone(t: ExecutionContext, options: Partial<MemifOptions> = {}): Memif {
  return openMemif(t, { role: "client", socket: memifSocket(t), engine: "builtin", ...options });
}

test("a queue number that the port lacks is refused with the valid numbers", (t) => {
  const [one, three] = [alone(t), alone(t, { rxQueues: 3, txQueues: 2, ...polling })];
  for (const index of [-1, 1, 0.5]) {
    const message = `memif.rx: queue ${index} does not exist; the port has only queue 0`;
    t.throws(() => one.rx(index), { code: "ERR_OUT_OF_RANGE", message });
  }
  const reached = { code: "ERR_OUT_OF_RANGE", message: "memif.rx: queue 3 does not exist; the port has queues 0 to 2" };
  t.throws(() => three.rx(3), reached);
  const sending = "memif.tx: queue 2 does not exist; the port has queues 0 to 1";
  t.throws(() => three.tx(2), { code: "ERR_OUT_OF_RANGE", message: sending });
  t.deepEqual([three.rx(2).index, three.tx(1).index], [2, 1]);
  t.is(three.rx(2), three.rx(2));
  t.is(three.tx(1), three.tx(1));
  t.throws(() => one.receive(() => {}, [0, 1]), { code: "ERR_OUT_OF_RANGE", message: /^memif.receive: queue 1/ });
  t.throws(() => one.receive(() => {}, 0 as never), { code: "ERR_OPTION", message: /^memif.receive: option queues/ });
  // Nothing was opened.
  one.receive(() => {}, [0]);
});

test("a port for polling calls no handler by itself, and the others cannot be polled", (t) => {
  const port = alone(t, polling);
  const message = 'memif.receive: the port is in rxMode "polling": pull with rx(i).poll';
  t.throws(() => port.receive(() => {}), { code: "ERR_POLLING", message });
  const calling = alone(t, { rxMode: "interrupt" });
  const noHandler = { code: "ERR_OPTION", message: /^memif.receive: option handler must be a function/ };
  t.throws(() => calling.receive(undefined as never), noHandler);
  calling.receive(() => {});
  t.throws(() => calling.rx().poll(() => {}), {
    code: "ERR_NOT_POLLING",
    message: "memif.poll: queue 0 calls its handler by itself (interrupt)",
  });
  calling.close();
  t.throws(() => calling.rx(), { code: "ERR_CLOSED", message: "memif.rx: the port is closed" });
  t.throws(() => calling.receive(() => {}), { code: "ERR_CLOSED", message: "memif.receive: the port is closed" });
});

test("a queue that another opener has is refused by its number", (t) => {
  const port = alone(t, { rxQueues: 2, txQueues: 2, ...polling });
  const attached = Memif.attach(port.handle);
  t.teardown(() => attached.close());
  port.rx(1);
  port.tx(1);
  const taken = (op: string, way: string) => ({
    code: "ERR_QUEUE_TAKEN",
    message: `memif.${op}: ${way} queue 1 is open already, here or in another thread`,
  });
  t.throws(() => attached.rx(1), taken("rx", "receive"));
  t.throws(() => attached.tx(1), taken("tx", "transmit"));
  t.is(attached.rx(0).index, 0);
});

test("a handle tells how the port receives, and an attached port does the same", (t) => {
  const port = alone(t, { rxMode: "interrupt", burst: 7, zeroCopy: false });
  const { memif, ...receiving } = port.handle;
  t.deepEqual(receiving, { rxMode: "interrupt", burst: 7, zeroCopy: false });
  t.is(typeof memif, "number");
  const attached = Memif.attach(port.handle);
  t.teardown(() => attached.close());
  t.deepEqual(attached.handle, port.handle);
  t.false(attached.zeroCopy);
  t.false(attached.stats().zeroCopy);
  t.is(attached.own, undefined);
  t.is(port.own!.name, "memif0");
  for (const handle of [null, "port", [1]]) {
    const message = /^memif.attach: handle: option handle must be an object/;
    t.throws(() => Memif.attach(handle as never), { code: "ERR_OPTION", message });
  }
  for (const bad of [0, 1.5]) {
    const message = /^memif.attach: handle: option memif must be a whole number from 1/;
    t.throws(() => Memif.attach({ ...port.handle, memif: bad } as MemifHandle), { code: "ERR_OPTION", message });
  }
});

test("slots are counted in whole numbers, and no more are given than a burst", async (t) => {
  const { client } = await memifPair(t, { ...polling, burst: 8 });
  const queue = client.tx();
  for (const count of [-1, 1.5, Number.NaN]) {
    const message = `memif.allocate: ${count} slots; a whole number from 0 on is allowed`;
    t.throws(() => queue.allocate(count), { code: "ERR_OUT_OF_RANGE", message });
  }
  t.is(queue.allocate(0).length, 0);
  const slots = queue.allocate(9);
  t.is(slots.length, 8);
  for (let i = 0; i < 8; i++) slots.setLength(i, 60);
  for (const count of [-1, 9, 0.5]) {
    const message = `memif.commit: ${count} of 8 slots`;
    t.throws(() => queue.commit(count), { code: "ERR_OUT_OF_RANGE", message });
  }
  for (const i of [8, -1, 0.5, Number.NaN, 2 ** 32]) {
    const message = `memif.allocate: slot ${i} of 8 slots`;
    const uses = [() => slots.capacity(i), () => slots.view(i, 60), () => slots.setLength(i, 60)];
    uses.push(
      () => slots.write(i, new Uint8Array(60)),
      () => slots.setU8(i, 0, 1),
    );
    for (const use of uses) t.throws(use, { code: "ERR_OUT_OF_RANGE", message }, String(use));
  }
  for (const at of [-1, 57, 0.5, Number.NaN, 2 ** 32]) {
    const message = `memif.allocate: bytes ${at}..${at + 4} of a packet of 60 bytes in slot 1`;
    t.throws(() => slots.setU32(1, at, 1), { code: "ERR_OUT_OF_RANGE", message });
  }
  for (const packet of [null, "123", [1, 2, 3]])
    t.throws(() => slots.write(1, packet as never), { code: "ERR_INVALID_PACKET", message: /slot 1 is not a Uint8/ });
  queue.commit(8);
  const message = "memif.commit: no slots are allocated, or they were sent already";
  t.throws(() => queue.commit(), { code: "ERR_NO_SLOTS", message });
  t.is(client.stats().tx[0]!.packets, 8);
});

test("a slot without a length is refused by its number, and a template by the slot that it does not fit", async (t) => {
  const { client } = await memifPair(t, { ...polling, bufferSize: 128 });
  const queue = client.tx();
  t.throws(() => queue.commit(), { code: "ERR_NO_SLOTS" });
  const slots = queue.allocate(3);
  slots.setLength(0, 60);
  slots.setLength(1, 60);
  t.throws(() => queue.commit(), {
    code: "ERR_PACKET_SIZE",
    message: "memif.commit: slot 2 has no length yet: set it by view(i, length)",
  });
  t.throws(() => queue.allocate(2, new Uint8Array(129)), {
    code: "ERR_PACKET_SIZE",
    message: "memif.allocate: a template of 129 bytes in slot 0, which takes 128",
  });
  // The slots of a refused template stay free.
  t.throws(() => queue.commit(), { code: "ERR_NO_SLOTS" });
  t.is(queue.allocate(2, new Uint8Array(128)).length, 2);
});

test("a send, another allocate and a copying port leave no slots open", async (t) => {
  const { client, server } = await memifPair(t, polling);
  const queue = client.tx();
  const first = queue.allocate(1);
  const view = first.view(0, 60);
  const second = queue.allocate(1);
  t.throws(() => first.setLength(0, 60), { code: "ERR_NO_SLOTS" });
  t.is(view.length, 0);
  second.setLength(0, 60);
  t.is(queue.send(new Uint8Array(60)), 1);
  t.throws(() => second.setLength(0, 60), { code: "ERR_NO_SLOTS" });
  t.throws(() => queue.commit(), { code: "ERR_NO_SLOTS" });
  await until(() => server.rx().poll((batch) => t.is(batch.length, 1)) > 0);
  const copying = alone(t, { zeroCopy: false });
  const message = "memif.allocate: the port copies: use send";
  t.throws(() => copying.tx().allocate(1), { code: "ERR_NO_ZERO_COPY", message });
});

test("packets of the wrong kind are refused by their number, and a text is not a list", async (t) => {
  const { client } = await memifPair(t, polling);
  const message = "memif.send: packets must be a Uint8Array, an array of Uint8Arrays, or a received batch";
  for (const packets of ["text", undefined, { length: 1 }])
    t.throws(() => client.send(packets as never), { code: "ERR_INVALID_PACKET", message });
  const list = [new Uint8Array(1), [1, 2]] as never;
  t.throws(() => client.send(list), {
    code: "ERR_INVALID_PACKET",
    message: "memif.send: packet 1 is not a Uint8Array",
  });
  const size = "memif.send: packet 0 has 0 bytes; 1 to 65535 can be sent";
  t.throws(() => client.send(new Uint8Array(0)), { code: "ERR_PACKET_SIZE", message: size });
  t.is(client.send([]), 0);
  t.like(client.stats().tx[0], { packets: 0, refused: 0 });
});

test("a ring that took everything that it was given is not said to drain", async (t) => {
  const { client, server } = await memifPair(t, { ...polling, ringSize: 32 });
  const drained: number[] = [];
  client.on("drain", (queue) => drained.push(queue.index));
  const queue = client.tx();
  t.is(client.send([new Uint8Array(60), new Uint8Array(60)]), 2);
  queue.allocate(2, new Uint8Array(60));
  queue.commit();
  client.send([]);
  server.rx().poll((batch) => client.send(batch));
  await turns();
  t.deepEqual(drained, []);
  t.is(client.stats().tx[0]!.refused, 0);
  // A sender waits for missing slots, and they do not count as refused packets.
  t.is(queue.allocate(33).length, 28);
  await until(() => drained.length > 0);
  t.deepEqual(drained, [0]);
  t.is(client.stats().tx[0]!.refused, 0);
});

test("a retained packet gives its spare buffer back once", async (t) => {
  const { client, server } = await memifPair(t, polling, { spareBuffers: 2 });
  server.send([new Uint8Array(60), new Uint8Array(60), new Uint8Array(60)]);
  await until(
    () =>
      client.rx().poll((batch) => {
        const packet = batch.retain(0);
        t.throws(() => batch.retain(0), { code: "ERR_RETAINED", message: /packet 0 is retained already/ });
        batch.retain(1);
        const message =
          "batch.retain: too many packets are retained: a client keeps up to spareBuffers, a server up to half of the ring";
        t.throws(() => batch.retain(2), { code: "ERR_NO_SPARE", message });
        packet.release();
        packet.release();
        t.is(packet.bytes.length, 0);
      }) > 0,
  );
  server.send([new Uint8Array(60), new Uint8Array(60)]);
  await until(
    () =>
      client.rx().poll((batch) => {
        t.true(batch.retain(0).inPlace);
        t.throws(() => batch.retain(1), { code: "ERR_NO_SPARE" });
      }) > 0,
  );
});

test("poll in a handler of its own queue is refused, and the handler goes on", async (t) => {
  const { client, server } = await memifPair(t, polling);
  server.send(new Uint8Array(60));
  const queue = client.rx();
  let seen = 0;
  await until(
    () =>
      queue.poll((batch, from) => {
        t.is(from, queue);
        const message = "memif.poll: poll was called from inside a handler of the same queue";
        t.throws(() => queue.poll(() => {}), { code: "ERR_IN_HANDLER", message });
        seen = batch.byteLength(0);
      }) > 0,
  );
  t.is(seen, 60);
  t.is(
    queue.poll(() => t.fail()),
    0,
  );
  server.send([new Uint8Array(60), new Uint8Array(60), new Uint8Array(60)]);
  for (const max of [0, -1, Number.NaN, 2 ** 32])
    t.throws(() => queue.poll(() => t.fail(), max), { code: "ERR_OPTION", message: /^memif.poll: option max must be/ });
  const handler = { code: "ERR_OPTION", message: /^memif.poll: option handler must be a function/ };
  t.throws(() => queue.poll(undefined as never), handler);
  await until(() => queue.poll((batch) => t.is(batch.length, 2), 2) > 0);
  t.is(
    queue.poll((batch) => t.is(batch.length, 1)),
    1,
  );
  client.close();
  t.throws(() => queue.poll(() => {}), { code: "ERR_CLOSED", message: "memif.poll: the port is closed" });
});

/** Two polling clients with peers, and a forwarder between them. */
async function bench(t: ExecutionContext, options: Partial<MemifOptions>, start: (a: Memif, b: Memif) => Forwarder) {
  const sockets = [memifSocket(t), memifSocket(t)];
  const common = { engine: "builtin", ringSize: 64, rxMode: "polling", ...options } as const;
  const [left, right] = sockets.map((socket) => openMemif(t, { ...common, role: "server", socket }));
  const [a, b] = sockets.map((socket) => openMemif(t, { ...common, role: "client", socket, reconnectMs: 10 }));
  const ends = { left: left!, right: right!, a: a!, b: b! };
  return { ...ends, forwarder: await forwarding(Object.values(ends), () => start(ends.a, ends.b)) };
}

test("a packet is forwarded only by a queue that the other port has", async (t) => {
  for (const [count, allowed] of [
    [1, "only queue 0"],
    [3, "queues 0 to 2"],
  ] as const) {
    const queues = { rxQueues: count, txQueues: count };
    const { left, right, forwarder } = await bench(t, queues, (a, b) =>
      forward(a, b, (batch) => {
        for (const queue of [-1, 0.5, count, "0" as never]) {
          const message = `batch.queue: queue ${queue} does not exist; the port has ${allowed}`;
          t.throws(() => batch.queue(0, queue), { code: "ERR_OUT_OF_RANGE", message });
        }
        t.throws(() => batch.queue(1, 0), { code: "ERR_OUT_OF_RANGE" });
        t.throws(() => batch.drop(1), { code: "ERR_OUT_OF_RANGE" });
        t.false(batch.marked);
        batch.queue(0, count - 1);
      }),
    );
    left.send(new Uint8Array(60));
    t.is(forwarder.poll(), 1);
    t.is(
      right.rx(count - 1).poll((batch) => t.is(batch.length, 1)),
      1,
    );
    t.deepEqual(forwarder.stats().ab, { passed: 1, replied: 0, dropped: 0, filtered: 0, refused: 0, failed: 0 });
  }
});

test("a forwarder that is refused moves nothing, and leaves the queues to others", async (t) => {
  const [one, other] = [await memifPair(t, { engine: "builtin" }), await memifPair(t, { engine: "builtin" })];
  const [a, b] = [one.client, other.client];
  b.receive(() => {});
  const taken = {
    code: "ERR_QUEUE_TAKEN",
    message: "memif.rx: receive queue 0 is open already, here or in another thread",
  };
  t.throws(() => forward(a, b), taken);
  let came = 0;
  other.server.receive(() => t.fail());
  a.receive((batch) => {
    came += batch.length;
  });
  t.is(one.server.send(new Uint8Array(60)), 1);
  await until(() => came === 1);
  t.throws(() => a.receive(() => {}), taken);
});

test("one direction takes nothing of the other", async (t) => {
  for (const directions of ["ab", "ba"] as const) {
    const seen: string[] = [];
    const { left, right, a, b, forwarder } = await bench(t, {}, (one, other) =>
      forward(one, other, (_, direction) => void seen.push(direction), { directions }),
    );
    left.send([new Uint8Array(60), new Uint8Array(60)]);
    right.send(new Uint8Array(60));
    t.is(forwarder.poll(), directions === "ab" ? 2 : 1);
    t.deepEqual(seen, [directions]);
    // The queues of the other direction are free for another user.
    t.is((directions === "ab" ? b : a).rx().index, 0);
    t.is((directions === "ab" ? a : b).tx().index, 0);
    const { ab, ba } = forwarder.stats();
    t.deepEqual([ab.passed, ba.passed], directions === "ab" ? [2, 0] : [0, 1]);
  }
});

test("reply counts apart, and what finds no room is refused by number", async (t) => {
  const { left, right, forwarder } = await bench(t, { ringSize: 32 }, (a, b) =>
    forward(a, b, (batch, direction) => {
      if (direction === "ba") return;
      for (let i = 0; i < batch.length; i++) batch.reply(i);
    }),
  );
  const frames = (count: number) => Array.from({ length: count }, () => new Uint8Array(60));
  t.is(left.send(frames(20)), 20);
  t.is(forwarder.poll(), 20);
  t.is(left.send(frames(20)), 20);
  t.is(forwarder.poll(), 20);
  t.like(forwarder.stats().ab, { replied: 32, refused: 8, passed: 0, dropped: 0, failed: 0 });
  t.deepEqual(right.stats().rx[0]!.packets, 0);
});

test("ports that do not fit one memory are refused by name, and may forward by copying", (t) => {
  const [a, small] = [alone(t), alone(t, { bufferSize: 512 })];
  const refused = (message: string) => ({ code: "ERR_OPTION", message: `memif.forward: option ${message}` });
  t.throws(() => forward(a, {} as never), refused("portB must be a Memif port"));
  t.throws(() => forward({} as never, a), refused("portA must be a Memif port"));
  t.throws(() => forward(a, a), refused("portB must be another port than portA"));
  t.throws(() => forward(a, small), refused("portB must have the bufferSize of portA, 2048; got 512"));
  const wide = { ringSize: 16384, bufferSize: 65535, rxQueues: 1, txQueues: 2 };
  t.throws(
    () => forward(alone(t, wide), alone(t, wide)),
    refused("portB must leave all buffers of both ports below 4 GiB; got 6442352640 bytes"),
  );
  const copying = alone(t, { bufferSize: 512, zeroCopy: false });
  const forwarder = forward(a, copying);
  t.false(forwarder.zeroCopy);
  const message = "forward.poll: the ports are not in rxMode polling: they forward by themselves";
  t.throws(() => forwarder.poll(), { code: "ERR_NOT_POLLING", message });
  forwarder.close();
  t.throws(() => a.send(new Uint8Array(1)), { code: "ERR_CLOSED", message: "memif.tx: the port is closed" });
  t.throws(() => copying.rx(), { code: "ERR_CLOSED" });
});

test("a server's port has no memory of its own to share, and so copies", (t) => {
  const server = openMemif(t, { role: "server", socket: memifSocket(t), engine: "builtin" });
  for (const [a, b] of [
    [server, alone(t)],
    [alone(t), openMemif(t, { role: "server", socket: memifSocket(t), engine: "builtin", bufferSize: 512 })],
  ] as const)
    t.false(forward(a, b, undefined, { directions: "ab" }).zeroCopy);
  t.true(forward(alone(t), alone(t)).zeroCopy);
});

test("a port over a connected socket can't connect again for a common memory, and so copies", async (t) => {
  const socket = memifSocket(t);
  openMemif(t, { role: "server", socket });
  const adopting = () => {
    const port = Memif.open({ role: "client", descriptor: connectMemifControl(socket), bufferSize: 512 });
    t.teardown(() => port.close());
    return port;
  };
  for (const [a, b] of [
    [adopting(), alone(t)],
    [alone(t), adopting()],
  ] as const)
    t.false(forward(a, b).zeroCopy);
});

test("a port that connects by itself takes no control socket over, and closes what it was given", (t) => {
  const port = alone(t);
  const message = "memif.reconnect: option descriptor must be a Descriptor";
  t.throws(() => port.reconnect(5 as never), { code: "ERR_OPTION", message });
  const given = () => Descriptor.own(openSync("/dev/null", "r"));
  const [first, second] = [given(), given()];
  const mode = "memif.reconnect: the port was opened with a socket's path and connects by itself";
  t.throws(() => port.reconnect(first), { code: "ERR_MODE", message: mode });
  port.close();
  t.throws(() => port.reconnect(second), { code: "ERR_CLOSED", message: "memif.reconnect: the port is closed" });
  t.deepEqual([first.isOpen, second.isOpen], [false, false]);
});
