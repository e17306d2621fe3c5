// Reception of packets by a punt socket.
import { statSync } from "node:fs";
import test from "ava";
import type { PuntBatch } from "../../lib/punt-socket/index.js";
import { blockUntil, facingVpp, open, puntAll, until } from "../support/punt-socket/peer.js";

test("packets arrive in order, with bytes, length and interface", async (t) => {
  const { vpp, path } = facingVpp(t);
  const got: [number, number, Buffer][] = [];
  open(t, {
    path,
    vppPath: vpp.path,
    onBatch: (batch) => {
      for (let i = 0; i < batch.length; i++) {
        t.is(batch.action(i), 0);
        got.push([batch.swIfIndex(i), batch.byteLength(i), Buffer.from(batch.copy(i))]);
      }
    },
  });
  const packets = [Buffer.from("first packet"), Buffer.alloc(1, 7), Buffer.alloc(1500, 0xab)];
  for (const [i, packet] of packets.entries()) t.is(vpp.punt(path, packet, 0x01020300 + i), undefined);
  await until(() => got.length === 3);
  t.deepEqual(
    got,
    packets.map((packet, i) => [0x01020300 + i, packet.length, packet]),
  );
});

/** Deterministic sizes from 1 to 9216, and contents that tell packets apart. */
function randomPackets(count: number): Uint8Array[] {
  let seed = 12345;
  const next = () => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return seed >>> 8;
  };
  return Array.from({ length: count }, () => {
    const packet = new Uint8Array(1 + (next() % 9216));
    for (let i = 0; i < packet.length; i += 97) packet[i] = next();
    packet[packet.length - 1] = next();
    return packet;
  });
}

test("random sizes from 1 to 9216 bytes come out as they went in, read directly and through the ring", async (t) => {
  const { vpp, path } = facingVpp(t);
  const packets = randomPackets(3000);
  let received = 0;
  const onBatch = (batch: PuntBatch) => {
    for (let i = 0; i < batch.length; i++) {
      const same = Buffer.compare(batch.view(i), packets[received]!) === 0;
      if (!same) t.fail(`packet ${received}`);
      received++;
    }
  };
  const socket = open(t, { path, vppPath: vpp.path, onBatch });
  await puntAll(vpp, path, packets.slice(0, 1500));
  for (const packet of packets.slice(1500)) blockUntil(() => vpp.punt(path, packet) === undefined);
  await until(() => received === packets.length);
  const { drained, dropped } = socket.stats();
  t.true(drained >= 1400, `${drained} packets went through the ring`);
  t.deepEqual(dropped, { ringFull: 0, paused: 0, tooLong: 0, malformed: 0, filter: 0 });
});

test("10,000 packets sent before the first is read are all received and counted", async (t) => {
  const { vpp, path } = facingVpp(t);
  let received = 0;
  const socket = open(t, {
    path,
    vppPath: vpp.path,
    onBatch: (batch) => {
      received += batch.length;
    },
  });
  const packet = Buffer.alloc(64, 1);
  for (let i = 0; i < 10_000; i++) blockUntil(() => vpp.punt(path, packet) === undefined);
  t.is(received, 0);
  await until(() => received === 10_000);
  const { packets, bytes, backlogBytes } = socket.stats();
  t.deepEqual({ packets, bytes, backlogBytes }, { packets: 10_000, bytes: 640_000, backlogBytes: 0 });
});

test("when the ring is full, the newest packets are dropped and counted, and the socket still drains", async (t) => {
  const { vpp, path } = facingVpp(t);
  const numbers: number[] = [];
  const socket = open(t, {
    path,
    vppPath: vpp.path,
    ringBytes: 2 ** 21,
    onBatch: (batch) => {
      for (let i = 0; i < batch.length; i++) numbers.push(batch.u32(i, 0));
    },
  });
  const packet = Buffer.alloc(1500);
  const total = 5000; // about three times what 2 MiB hold
  for (let i = 0; i < total; i++) {
    packet.writeUInt32BE(i);
    blockUntil(() => vpp.punt(path, packet) === undefined);
  }
  const { dropped } = socket.stats();
  t.true(dropped.ringFull > 3000);
  await until(() => numbers.length + socket.stats().dropped.ringFull === total);
  t.deepEqual(
    numbers.slice(0, 1000),
    Array.from({ length: 1000 }, (_, i) => i),
  );
  // The ring is free again: later packets are received.
  packet.writeUInt32BE(total);
  t.is(vpp.punt(path, packet), undefined);
  await until(() => numbers.at(-1) === total);
});

test("packets that are too long are dropped and counted", async (t) => {
  const { vpp, path } = facingVpp(t);
  let received = 0;
  const onBatch = (batch: PuntBatch) => {
    received += batch.length;
  };
  const socket = open(t, { path, vppPath: vpp.path, maxPacket: 100, onBatch });
  vpp.punt(path, Buffer.alloc(101));
  vpp.punt(path, Buffer.alloc(100));
  vpp.punt(path, Buffer.alloc(0));
  await until(() => received === 1 && socket.stats().dropped.malformed === 1);
  t.is(socket.stats().dropped.tooLong, 1);
});

test("a view is empty and the batch unusable once the handler has returned", async (t) => {
  const { vpp, path } = facingVpp(t);
  let view: Uint8Array | undefined;
  let kept: PuntBatch | undefined;
  open(t, {
    path,
    vppPath: vpp.path,
    onBatch: (batch) => {
      kept = batch;
      view = batch.view(0);
      t.is(view.length, 20);
    },
  });
  vpp.punt(path, Buffer.alloc(20, 5));
  await until(() => view !== undefined);
  t.is(view!.length, 0);
  t.is(kept!.length, 0);
  t.throws(() => kept!.u8(0, 0), { code: "ERR_BATCH_RELEASED" });
  t.throws(() => kept!.action(0), { code: "ERR_BATCH_RELEASED" });
});

test("where external memory is refused, bursts are copied, with the same results", async (t) => {
  const { vpp, path } = facingVpp(t);
  const got: string[] = [];
  const views: Uint8Array[] = [];
  const onBatch = (batch: PuntBatch) => {
    for (const view of batch) {
      got.push(Buffer.from(view).toString());
      views.push(view);
    }
  };
  open(t, { path, vppPath: vpp.path, copy: true, onBatch });
  vpp.punt(path, Buffer.from("direct"));
  await until(() => got.length === 1);
  for (const text of ["one", "two", "three"]) vpp.punt(path, Buffer.from(text));
  await until(() => got.length === 4);
  t.deepEqual(got, ["direct", "one", "two", "three"]);
});

test("the file has the mode asked for, and goes when the socket is closed", (t) => {
  const { vpp, path } = facingVpp(t);
  const before = process.umask(0o077);
  t.teardown(() => void process.umask(before));
  const socket = open(t, { path, vppPath: vpp.path, mode: 0o666, group: process.getgid!() });
  t.is(statSync(path).mode & 0o777, 0o666);
  t.is(statSync(path).gid, process.getgid!());
  socket.close();
  t.is(statSync(path, { throwIfNoEntry: false }), undefined);
});
