// A batch without a port: what each read and write takes, and what ends with it.
import test from "ava";
import {
  BatchSubset,
  BatchTable,
  PacketBatch,
  type PacketMemory,
  type RetainedPacket,
} from "../../lib/packet/index.js";

/** A batch of packets that lie behind one another, with a byte between them. */
function batchOf(...packets: number[][]) {
  const bytes = new Uint8Array(64).fill(0xee);
  const table = new BatchTable(4);
  let at = 1;
  for (const [i, packet] of packets.entries()) {
    bytes.set(packet, at);
    table.offsets[i] = at;
    table.lengths[i] = packet.length;
    table.swIfIndexes[i] = 10 + i;
    at += packet.length + 1;
  }
  const state = { bytes, revoked: 0 };
  const memory: PacketMemory = { bytes: () => bytes, revoke: () => void state.revoked++ };
  const batch = new PacketBatch(table);
  batch.fill(memory, packets.length);
  return { batch, memory, table, state };
}

const RANGE = { code: "ERR_OUT_OF_RANGE" };
const HIGH = [0x81, 0x92, 0xa3, 0xb4];

test("numbers are read in network order, up to the packet's last byte", (t) => {
  const { batch } = batchOf([1, ...HIGH], [5]);
  t.is(batch.u8(0, 4), 0xb4);
  t.is(batch.u16(0, 3), 0xa3b4);
  t.is(batch.u32(0, 1), 0x8192a3b4);
  t.is(batch.u8(1, 0), 5);
  t.is(batch.byteLength(0), 5);
  t.is(batch.swIfIndex(1), 11);
  const beyond: (() => unknown)[] = [
    () => batch.u8(0, 5),
    () => batch.u8(0, -1),
    () => batch.u16(0, 4),
    () => batch.u16(0, -1),
    () => batch.u32(0, 2),
    () => batch.setU8(0, 5, 0),
    () => batch.setU16(0, 4, 0),
    () => batch.setU32(0, 2, 0),
    () => batch.swap(0, 0, 3, 3),
    () => batch.swap(0, 3, 0, 3),
    () => batch.swap(0, 0, 3, -1),
    () => batch.swap(0, 0, 3, 1.5),
  ];
  for (const at of [0.5, Number.NaN, 2 ** 32, -(2 ** 32)])
    beyond.push(
      () => batch.u8(0, at),
      () => batch.u16(0, at),
      () => batch.u32(0, at),
      () => batch.setU8(0, at, 1),
    );
  for (const use of beyond) t.throws(use, RANGE, String(use));
  t.is(t.throws(() => batch.u16(0, 4)).message, "batch.read: bytes 4..6 of a packet of 5 bytes");
});

test("numbers are written in network order, and nothing beside them", (t) => {
  const { batch, state } = batchOf([0, 0, 0, 0, 0, 0, 0, 0]);
  batch.setU32(0, 1, 0x8192a3b4);
  batch.setU16(0, 5, 0xc5d6);
  batch.setU8(0, 7, 0xe7);
  t.deepEqual([...state.bytes.subarray(0, 10)], [0xee, 0, ...HIGH, 0xc5, 0xd6, 0xe7, 0xee]);
  batch.swap(0, 1, 5, 2);
  t.deepEqual([...batch.copy(0)], [0, 0xc5, 0xd6, 0xa3, 0xb4, 0x81, 0x92, 0xe7]);
});

test("a packet that is not there is named in the error of every method", (t) => {
  const { batch } = batchOf([1], [2]);
  const reads = (i: number): (() => unknown)[] => [
    () => batch.byteLength(i),
    () => batch.swIfIndex(i),
    () => batch.u8(i, 0),
    () => batch.u16(i, 0),
    () => batch.view(i),
    () => batch.copy(i),
    () => batch.retain(i),
  ];
  for (const i of [2, 3, -1, 0.5, Number.NaN, 2 ** 32]) {
    for (const read of reads(i))
      t.throws(read, { ...RANGE, message: `batch.read: packet ${i} of a batch of 2` }, String(read));
  }
});

test("only a batch that gave a view out takes it back, and a copy stays", (t) => {
  const { batch, memory, state } = batchOf([1, 2], [3]);
  const copy = batch.copy(0);
  batch.release();
  t.is(state.revoked, 0);
  t.deepEqual([...copy], [1, 2]);
  batch.fill(memory, 2);
  t.deepEqual([...batch.view(0)], [1, 2]);
  batch.release();
  t.is(state.revoked, 1);
  t.is(batch.length, 0);
  batch.fill(memory, 2);
  batch.release();
  t.is(state.revoked, 1);
  const error = t.throws(() => batch.u8(0, 0), { code: "ERR_BATCH_RELEASED" });
  t.regex(error.message, /^batch\.read: .*after its handler/);
});

test("a packet is kept in place where the memory can, and is a copy elsewhere", (t) => {
  const { batch, memory, table } = batchOf([1, 2], [3]);
  const copied = batch.retain(0);
  t.false(copied.inPlace);
  t.deepEqual([...copied.bytes], [1, 2]);
  copied.release();
  t.is(copied.bytes.length, 0);
  copied.release();
  const kept: RetainedPacket = { bytes: new Uint8Array(1), inPlace: true, release() {} };
  const other = new PacketBatch(table);
  other.fill({ ...memory, retain: (i) => (i === 1 ? kept : undefined) }, 2);
  t.is(other.retain(1), kept);
  t.false(other.retain(0).inPlace);
});

test("a subset has the chosen packets in order, keeps them in place, and makes views end with the whole", (t) => {
  const { table, memory, state } = batchOf([1, 2], [3], [4, 5, 6]);
  const whole = new PacketBatch(table);
  const asked: number[] = [];
  const retain = (i: number) => void asked.push(i);
  whole.fill({ ...memory, retain: retain as never }, 3);
  const subset = new BatchSubset(4);
  const some = subset.choose(whole, (i) => i !== 1);
  t.is(some.length, 2);
  t.deepEqual([...some.copy(1)], [4, 5, 6]);
  t.is(some.swIfIndex(1), 12);
  some.retain(1);
  t.deepEqual(asked, [2]);
  subset.release();
  whole.release();
  t.is(state.revoked, 0);
  whole.fill(memory, 3);
  subset.choose(whole, () => true).view(0);
  subset.release();
  t.is(state.revoked, 0);
  whole.release();
  t.is(state.revoked, 1);
});
