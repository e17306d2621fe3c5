// Ways of sending without a copy in JavaScript: replies in place, and slots that start as copies of a template.
import test from "ava";
import type { Memif, MemifBatch } from "../../lib/memif/index.js";
import { memifPair, until } from "../support/memif/ports.js";

const polling = { rxMode: "polling" } as const;

function frames(count: number, first = 0, size = 100): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const frame = new Uint8Array(size).fill((first + i) & 0xff);
    frame.set([1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]);
    return frame;
  });
}

async function pollOnce(port: Memif, handler: (batch: MemifBatch) => void): Promise<void> {
  await until(() => port.rx(0).poll(handler) > 0);
}

/** Polls until `count` packets have come; returns copies of them. */
async function collect(port: Memif, count: number): Promise<Uint8Array[]> {
  const got: Uint8Array[] = [];
  await until(() => {
    port.rx(0).poll((batch) => {
      for (let i = 0; i < batch.length; i++) got.push(batch.copy(i));
    });
    return got.length >= count;
  });
  return got;
}

for (const responder of ["client", "server"] as const) {
  for (const zeroCopy of [true, false]) {
    test(`a ${responder} replies in order, edited in place, round after round, zeroCopy ${zeroCopy}`, async (t) => {
      const ports = await memifPair(t, { ...polling, ringSize: 32, zeroCopy });
      const [echo, pinger] = responder === "client" ? [ports.client, ports.server] : [ports.server, ports.client];
      for (let round = 0; round < 20; round++) {
        t.is(pinger.send(frames(20, round)), 20);
        await pollOnce(echo, (batch) => {
          t.is(batch.length, 20);
          for (let i = 0; i < batch.length; i++) {
            if (i === 3) continue;
            batch.swap(i, 0, 6, 6);
            batch.setU16(i, 12, 0x1234);
            batch.reply(i, i === 5 ? 50 : undefined);
          }
        });
        const got = await collect(pinger, 19);
        const numbers = Array.from({ length: 20 }, (_, i) => (round + i) & 0xff).filter((_, i) => i !== 3);
        t.deepEqual(
          got.map((packet) => packet.at(-1)!),
          numbers,
        );
        t.deepEqual([...got[0]!.subarray(0, 14)], [2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 0x12, 0x34]);
        t.deepEqual(
          got.map((packet) => packet.length),
          numbers.map((_, i) => (i === 4 ? 50 : 100)),
        );
      }
      t.is(echo.stats().tx[0]!.packets, 380);
      t.is(pinger.tx(0).freeSlots(), 32);
    });
  }
}

test("a chained packet is replied to whole", async (t) => {
  const { server, client } = await memifPair(t, { ...polling, ringSize: 32, bufferSize: 256 });
  for (let round = 0; round < 10; round++) {
    const long = new Uint8Array(3000).map((_, i) => i + round);
    t.is(server.send(long), 1);
    await pollOnce(client, (batch) => batch.reply(0));
    t.deepEqual((await collect(server, 1))[0], long);
  }
});

test("replies that find no room are dropped and counted, and a drain event follows", async (t) => {
  const { server, client } = await memifPair(t, { ...polling, ringSize: 32 });
  let drained = 0;
  client.on("drain", () => drained++);
  for (let round = 0; round < 3; round++) {
    t.is(server.send(frames(20, 20 * round)), 20);
    await pollOnce(client, (batch) => {
      for (let i = 0; i < batch.length; i++) batch.reply(i);
    });
  }
  const { packets, refused } = client.stats().tx[0]!;
  t.deepEqual([packets, refused], [32, 28]);
  const got = await collect(server, 32);
  t.deepEqual(
    got.map((packet) => packet[99]),
    Array.from({ length: 32 }, (_, i) => i),
  );
  await until(() => drained === 1);
  t.is(server.send(frames(32)), 32);
});

test("a handler's own packets leave before its replies, and the doorbell rings once", async (t) => {
  const { server, client } = await memifPair(t, { ringSize: 32 });
  const got: number[] = [];
  server.receive((batch) => {
    for (let i = 0; i < batch.length; i++) got.push(batch.u8(i, 99));
  });
  client.receive((batch) => {
    batch.reply(0);
    batch.reply(0);
    client.send(new Uint8Array(100).fill(77));
  });
  server.send(frames(1, 5));
  await until(() => got.length === 2);
  t.deepEqual(got, [77, 5]);
});

test("a handler that sends nothing rings no doorbell, and a handler that sends rings it once", async (t) => {
  const { server, client } = await memifPair(t, { ringSize: 32 }, polling, { rxMode: "interrupt" });
  let got = 0;
  server.receive((batch) => {
    got += batch.length;
  });
  const doorbells = () => client.stats().tx[0]!.doorbells;
  t.is(server.send(frames(1)), 1);
  await pollOnce(client, (batch) => {
    t.is(client.send([]), 0);
    client.tx().allocate(2);
    client.tx().commit(0);
    t.is(client.send(batch), 1);
    t.is(client.send(frames(2)), 2);
    t.is(doorbells(), 0);
  });
  t.is(doorbells(), 1);
  await until(() => got === 3);
  t.is(server.send(frames(1)), 1);
  await pollOnce(client, () => {
    t.is(client.send([]), 0);
    client.tx().allocate(2);
    client.tx().commit(0);
  });
  t.is(doorbells(), 1);
  client.send(frames(1));
  await until(() => got === 4);
  t.is(doorbells(), 2);
});

test("replies that find a full ring ring no doorbell", async (t) => {
  const { server, client } = await memifPair(t, { ringSize: 32 }, polling, { rxMode: "polling" });
  t.is(client.send(frames(40)), 32);
  const { doorbells } = client.stats().tx[0]!;
  t.is(server.send(frames(3)), 3);
  await pollOnce(client, (batch) => {
    for (let i = 0; i < batch.length; i++) batch.reply(i);
  });
  t.like(client.stats().tx[0], { packets: 32, refused: 11, doorbells });
});

test("reply refuses a packet that does not exist", async (t) => {
  const { server, client } = await memifPair(t, polling);
  server.send(frames(1));
  let kept: MemifBatch | undefined;
  await pollOnce(client, (batch) => {
    kept = batch;
    for (const [i, length] of [[1], [0, 0], [0, 101], [0, 1.5], [0, Number.NaN], [-1]] as const) {
      t.throws(() => batch.reply(i, length), { code: "ERR_OUT_OF_RANGE" });
    }
    t.throws(() => batch.setU8(0, 100, 1), { code: "ERR_OUT_OF_RANGE" });
    t.throws(() => batch.setU32(0, 97, 1), { code: "ERR_OUT_OF_RANGE" });
    t.throws(() => batch.swap(0, 0, 95, 6), { code: "ERR_OUT_OF_RANGE" });
  });
  t.throws(() => kept!.reply(0), { code: "ERR_BATCH_RELEASED" });
  t.is(client.stats().tx[0]!.packets, 0);
});

test("a handler that throws sends no replies", async (t) => {
  const { server, client } = await memifPair(t, polling);
  server.send(frames(2));
  await t.throwsAsync(
    pollOnce(client, (batch) => {
      batch.reply(0);
      throw new Error("mine");
    }),
    { message: "mine" },
  );
  server.send(frames(1, 9));
  await pollOnce(client, (batch) => batch.reply(0));
  t.deepEqual(
    (await collect(server, 1)).map((packet) => packet[99]),
    [9],
  );
});

test("slots start as copies of a template, and are changed in place", async (t) => {
  const { server, client } = await memifPair(t, { ...polling, ringSize: 32 });
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    for (let round = 0; round < 5; round++) {
      const slots = from.tx(0).allocate(20, frames(1, 200)[0]);
      t.is(slots.length, 20);
      for (let i = 0; i < slots.length; i++) {
        slots.setU32(i, 20, 0x01020304);
        slots.setU16(i, 96, 0x0506);
        slots.setU8(i, 98, i);
        if (i === 2) slots.setLength(i, 60);
        if (i === 4) slots.write(i, new Uint8Array(70).fill(4));
      }
      from.tx(0).commit();
      const got = await collect(to, 20);
      t.deepEqual([...got[7]!.subarray(20, 24), ...got[7]!.subarray(96)], [1, 2, 3, 4, 5, 6, 7, 200]);
      t.deepEqual(
        got.map((packet) => packet.length),
        got.map((_, i) => (i === 2 ? 60 : i === 4 ? 70 : 100)),
      );
    }
  }
});

test("slots refuse templates and bytes that do not fit", async (t) => {
  const { client } = await memifPair(t, { ...polling, bufferSize: 128 });
  const queue = client.tx(0);
  t.throws(() => queue.allocate(1, new Uint8Array(129)), { code: "ERR_PACKET_SIZE", message: /takes 128/ });
  t.throws(() => queue.allocate(1, new Uint8Array(0)), { code: "ERR_PACKET_SIZE" });
  t.throws(() => queue.allocate(1, "text" as never), { code: "ERR_INVALID_PACKET" });
  const slots = queue.allocate(1);
  t.throws(() => slots.setU8(0, 0, 1), { code: "ERR_OUT_OF_RANGE" });
  t.throws(() => slots.write(0, new Uint8Array(129)), { code: "ERR_PACKET_SIZE" });
  slots.setLength(0, 10);
  t.throws(() => slots.setU16(0, 9, 1), { code: "ERR_OUT_OF_RANGE" });
  queue.commit();
  t.throws(() => slots.setU8(0, 0, 1), { code: "ERR_NO_SLOTS" });
  t.throws(() => slots.write(0, new Uint8Array(1)), { code: "ERR_NO_SLOTS" });
});

test("a full ring has drained when a quarter of it is free, and not before", async (t) => {
  const { server, client } = await memifPair(t, { ...polling, ringSize: 32 });
  let drains = 0;
  client.on("drain", (queue) => {
    t.is(queue, client.tx());
    drains++;
  });
  // A watch is content with less after 64 turns.
  const turns = async () => {
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  };
  t.is(client.send(frames(33)), 32);
  t.is(
    server.rx().poll(() => {}, 7),
    7,
  );
  await turns();
  t.deepEqual([client.tx().freeSlots(), drains], [7, 0]);
  t.is(
    server.rx().poll(() => {}, 1),
    1,
  );
  await turns();
  t.deepEqual([client.tx().freeSlots(), drains], [8, 1]);
});

for (const sender of ["server", "client"] as const) {
  test(`a ${sender}'s slots before one without a length stay whole when commit refuses them`, async (t) => {
    const ports = await memifPair(t, { ...polling, ringSize: 32 });
    const queue = ports[sender].tx();
    const whole = queue.allocate(3).capacity(0);
    const slots = queue.allocate(3);
    slots.view(0, 5);
    slots.view(1, 7);
    t.throws(() => queue.commit(), { code: "ERR_PACKET_SIZE", message: /slot 2 has no length/ });
    const again = queue.allocate(3);
    t.deepEqual(
      [0, 1, 2].map((i) => again.capacity(i)),
      [whole, whole, whole],
    );
  });
}

for (const role of ["client", "server"] as const) {
  test(`a ${role} refuses a packet that is longer than its whole ring by an error, and not to wait for room`, async (t) => {
    const ports = await memifPair(t, { ...polling, ringSize: 32, bufferSize: 64 });
    const [port, peer] = role === "client" ? [ports.client, ports.server] : [ports.server, ports.client];
    port.on("drain", () => t.fail());
    const long = new Uint8Array(2049);
    const message = /2049 bytes does not fit the peer's ring/;
    t.throws(() => port.send(long), { code: "ERR_PACKET_SIZE", message });
    t.throws(() => port.send([long, ...frames(1)]), { code: "ERR_PACKET_SIZE", message });
    t.is(port.send(new Uint8Array(2048)), 1);
    port.removeAllListeners("drain");
    t.is(port.send(new Uint8Array(2048)), 0);
    await pollOnce(peer, () => {});
    // The packets before it are sent.
    t.is(port.send([...frames(1), long]), 1);
    t.is(port.stats().tx[0]!.refused, 2);
  });
}

test("a batch whose first packet is longer than the other ring is refused by an error", async (t) => {
  const a = await memifPair(t, polling);
  const b = await memifPair(t, { ...polling, ringSize: 32, bufferSize: 64 });
  a.client.send([new Uint8Array(3000), ...frames(1)]);
  await pollOnce(a.server, (batch) => {
    t.throws(() => b.client.send(batch), { code: "ERR_PACKET_SIZE" });
  });
});
