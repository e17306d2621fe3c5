// Packets in a handler, and after the handler has returned.
import test from "ava";
import type { Memif } from "../../lib/memif/index.js";
import type { PacketBatch, RetainedPacket } from "../../lib/packet/index.js";
import { event, memifPair, until } from "../support/memif/ports.js";

function frames(count: number, size = 100): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => new Uint8Array(size).fill(i + 1));
}

/** Polls one burst as soon as there is one. */
async function pollOnce(port: Memif, handler: (batch: PacketBatch) => void): Promise<void> {
  await until(() => port.rx(0).poll(handler) > 0);
}

const polling = { rxMode: "polling" } as const;

for (const zeroCopy of [true, false]) {
  test(`views are empty and the batch throws after the handler, zeroCopy ${zeroCopy}`, async (t) => {
    const { server, client } = await memifPair(t, { ...polling, zeroCopy });
    t.is(server.zeroCopy, zeroCopy);
    for (let round = 0; round < 3; round++) {
      client.send(frames(3));
      const views: Uint8Array[] = [];
      let kept: PacketBatch | undefined;
      await pollOnce(server, (batch) => {
        kept = batch;
        views.push(...batch);
        t.deepEqual(
          views.map((view) => view[0]),
          [1, 2, 3],
        );
      });
      t.true(views.every((view) => view.length === 0 && view.buffer.byteLength === 0));
      t.throws(() => kept!.u8(0, 0), { code: "ERR_BATCH_RELEASED" });
    }
    t.is(server.stats().rx[0]!.copied, zeroCopy ? 0 : 9);
  });
}

test("a client's retained packets stay while the ring goes around; spares are the limit", async (t) => {
  const { server, client } = await memifPair(t, { ...polling, ringSize: 32 }, { spareBuffers: 3 });
  const kept: RetainedPacket[] = [];
  for (let round = 0; round < 10; round++) {
    server.send(frames(20));
    await pollOnce(client, (batch) => {
      if (round === 0) for (let i = 0; i < 3; i++) kept.push(batch.retain(i));
      else t.throws(() => batch.retain(0), { code: "ERR_NO_SPARE" });
      if (round === 0) t.throws(() => batch.retain(0), { code: "ERR_RETAINED" });
    });
  }
  t.deepEqual(
    kept.map((packet) => [packet.inPlace, packet.bytes.length, packet.bytes[99]]),
    [1, 2, 3].map((value) => [true, 100, value]),
  );
  kept[1]!.release();
  kept[1]!.release();
  t.is(kept[1]!.bytes.length, 0);
  server.send(frames(1));
  await pollOnce(client, (batch) => t.true(batch.retain(0).inPlace));
  t.is(kept[0]!.bytes[0], 1);
});

test("a server's retained packet holds the slots after it back, until its release", async (t) => {
  const { server, client } = await memifPair(t, { ...polling, ringSize: 32 });
  client.send(frames(20));
  let kept: RetainedPacket | undefined;
  await pollOnce(server, (batch) => {
    kept = batch.retain(4);
    t.throws(() => batch.retain(19), { code: "ERR_NO_SPARE" });
  });
  t.is(client.tx(0).freeSlots(), 16);
  t.is(client.send(frames(30)), 16);
  t.is(kept!.bytes[0], 5);
  kept!.release();
  t.is(client.tx(0).freeSlots(), 16);
  await pollOnce(server, () => {});
  t.is(client.tx(0).freeSlots(), 32);
});

test("retained packets outlive the connection, and their release does not affect the next one", async (t) => {
  for (const keeper of ["server", "client"] as const) {
    const both = await memifPair(t, { ...polling, reconnectMs: 10 }, { spareBuffers: 4 });
    const port = both[keeper];
    const other = both[keeper === "server" ? "client" : "server"];
    other.send(frames(2));
    let kept: RetainedPacket | undefined;
    await pollOnce(port, (batch) => {
      kept = batch.retain(1);
    });
    const down = event(port, "down");
    other.close();
    await down;
    t.is(
      port.rx(0).poll(() => {}),
      0,
    );
    t.deepEqual([...kept!.bytes], [...new Uint8Array(100).fill(2)]);
    kept!.release();
    t.is(kept!.bytes.length, 0);
  }
});

test("a packet gathered from scattered buffers is retained as a copy, and says so", async (t) => {
  const { server, client } = await memifPair(t, { ...polling, bufferSize: 64, ringSize: 32 });
  client.send(frames(3, 150));
  let kept: RetainedPacket[] = [];
  // The ring wraps within one of the next packets, so that its buffers do not touch.
  for (let sent = 9; sent < 32; sent += 9) {
    await pollOnce(server, (batch) => {
      kept = Array.from({ length: batch.length }, (_, i) => batch.retain(i));
      for (const packet of kept) packet.release();
    });
    client.send(frames(3, 150));
  }
  await until(() => server.rx(0).poll((batch) => t.is(batch.u8(0, 149) > 0, true)) > 0);
  t.true(server.stats().rx[0]!.chained > 0);
});

for (const zeroCopy of [true, false]) {
  test(`send refuses an argument that isn't a packet, and sends none of the others, zeroCopy ${zeroCopy}`, async (t) => {
    const { server, client } = await memifPair(t, { ...polling, zeroCopy });
    const good = new Uint8Array(60);
    for (const size of [0, 65536, 70_000]) {
      t.throws(() => client.send(new Uint8Array(size)), {
        code: "ERR_PACKET_SIZE",
        message: new RegExp(`has ${size} bytes`),
      });
      t.throws(() => client.send([good, new Uint8Array(size)]), { code: "ERR_PACKET_SIZE", message: /packet 1/ });
    }
    t.throws(() => client.send([good, "text" as never]), { code: "ERR_INVALID_PACKET" });
    t.is(client.stats().tx[0]!.packets, 0);
    t.is(client.send(new Uint8Array(65535).fill(9)), 1);
    await pollOnce(server, (batch) => t.is(batch.byteLength(0), 65535));
  });

  test(`a bad packet anywhere in a list keeps back those before it, and the ring is as it was, zeroCopy ${zeroCopy}`, async (t) => {
    const { server, client } = await memifPair(t, { ...polling, ringSize: 64, zeroCopy });
    for (const at of [0, 1, 63, 64, 90]) {
      const list = frames(100).with(at, new Uint8Array(0));
      t.throws(() => client.send(list), { code: "ERR_PACKET_SIZE", message: new RegExp(`packet ${at} has 0`) });
    }
    t.is(client.stats().tx[0]!.packets, 0);
    t.is(client.send(frames(64, 7)), 64);
    await pollOnce(server, (batch) => t.deepEqual([batch.length, batch.byteLength(0)], [64, 7]));
  });
}

test("a full ring takes the packets that fit, counts the rest, and emits drain when there is room", async (t) => {
  const { server, client } = await memifPair(t, { ...polling, ringSize: 64 });
  t.is(client.send(frames(100)), 64);
  t.is(client.send(frames(1)), 0);
  t.is(client.stats().tx[0]!.refused, 37);
  let drained = false;
  client.once("drain", () => {
    drained = true;
  });
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  t.false(drained);
  await pollOnce(server, (batch) => t.is(batch.length, 64));
  await until(() => drained);
  t.is(client.send(frames(100)), 64);
});

test("without a peer, send takes no packets, and drain follows when the peer comes", async (t) => {
  const { server, client } = await memifPair(t, { ...polling, reconnectMs: 10 });
  const down = event(server, "down");
  client.close();
  await down;
  t.is(server.send(frames(5)), 0);
  t.is(server.tx(0).freeSlots(), 0);
  t.is(server.tx(0).allocate(5).length, 0);
});

test("slots written in place arrive, and their views end with commit", async (t) => {
  for (const from of ["client", "server"] as const) {
    const both = await memifPair(t, polling);
    const sender = both[from].tx(0);
    const receiver = both[from === "client" ? "server" : "client"];
    const slots = sender.allocate(3);
    t.is(slots.length, 3);
    t.is(slots.capacity(2), 2048);
    t.throws(() => slots.view(0, 2049), { code: "ERR_PACKET_SIZE" });
    t.throws(() => slots.view(3, 60), { code: "ERR_OUT_OF_RANGE" });
    const views = [60, 61, 62].map((length, i) => slots.view(i, length).fill(i + 5));
    sender.commit(2);
    t.true(views.every((view) => view.length === 0));
    t.throws(() => sender.commit(), { code: "ERR_NO_SLOTS" });
    t.throws(() => slots.view(0, 60), { code: "ERR_NO_SLOTS" });
    await pollOnce(receiver, (batch) => {
      t.deepEqual(
        [...batch].map((view) => [view.length, view[0]]),
        [
          [60, 5],
          [61, 6],
        ],
      );
    });
    sender.allocate(1);
    t.throws(() => sender.commit(), { code: "ERR_PACKET_SIZE", message: /slot 0 has no length/ });
  }
});

test("10,000 packets queued before the first read are all delivered and counted", async (t) => {
  const { server, client } = await memifPair(t, { ringSize: 16384, bufferSize: 128 });
  const packets = frames(10_000, 64);
  t.is(client.send(packets), 10_000);
  t.is(server.send(packets), 10_000);
  for (const port of [server, client]) {
    let got = 0;
    port.receive((batch) => {
      got += batch.length;
    });
    await until(() => got === 10_000);
    t.is(port.stats().rx[0]!.packets, 10_000);
    t.is(port.stats().rx[0]!.bytes, 640_000);
  }
});

test("packets that a peer sent before it left are delivered before the down event", async (t) => {
  for (const rxMode of ["interrupt", "adaptive"] as const) {
    const { server, client } = await memifPair(t, { rxMode });
    let got = 0;
    server.receive((batch) => {
      got += batch.length;
    });
    const seen = new Promise((resolve) => server.once("down", () => resolve(got)));
    t.is(client.send(frames(500)), 500);
    client.close();
    t.is(await seen, 500);
    t.is(server.stats().rx[0]!.lost, 0);
  }
});
