// Snapshots while VPP changes its directory, on a segment that the test changes between two reads.
import test from "ava";
import { StatsMemory } from "../../lib/binapi/stats/memory.js";
import { Snapshots } from "../../lib/binapi/stats/snapshots.js";

const BASE = 0x7f12_3400_0000n;
const DIRECTORY = 64;

/** A segment without entries. `onRead` is called before each read, with its number. */
function segment(onRead: (count: number, bytes: Buffer) => void = () => {}) {
  const bytes = Buffer.alloc(4096);
  for (const [i, word] of [2n, BASE, 7n, 0n, BASE + BigInt(DIRECTORY), 0n].entries())
    bytes.writeBigUInt64LE(word, 8 * i);
  const seen = { reads: [] as number[] };
  const memory = new StatsMemory({
    size: () => bytes.length,
    read(into, length, offset) {
      seen.reads.push(offset);
      onRead(seen.reads.length, bytes);
      return bytes.copy(into as Buffer, 0, offset, offset + length);
    },
    close: () => {},
  });
  return { snapshots: new Snapshots(memory), bytes, seen };
}

const setEpoch = (bytes: Buffer, epoch: bigint) => bytes.writeBigUInt64LE(epoch, 16);
const setProgress = (bytes: Buffer, isInProgress: boolean) => bytes.writeBigUInt64LE(isInProgress ? 1n : 0n, 24);

test("a directory that does not change is read once", (t) => {
  const { snapshots, seen, bytes } = segment();
  t.deepEqual(snapshots.list([]), []);
  const { length } = seen.reads;
  t.deepEqual(snapshots.list([]), []);
  // Only the header is read, before and after.
  t.deepEqual(seen.reads.slice(length), [0, 0]);
  setEpoch(bytes, 8n);
  t.deepEqual(snapshots.list([]), []);
  t.is(seen.reads.length, 2 * length + 2);
});

test("a read during which VPP began, or made, a change has no result, and the next one has", (t) => {
  for (const change of [(bytes: Buffer) => setEpoch(bytes, 8n), (bytes: Buffer) => setProgress(bytes, true)]) {
    // The header is read first, then the directory.
    const { snapshots, bytes, seen } = segment((count, all) => {
      if (count === 2) change(all);
    });
    t.is(snapshots.list([]), undefined);
    setProgress(bytes, false);
    seen.reads.length = 10;
    t.deepEqual(snapshots.list([]), []);
    t.true(seen.reads.length > 12, "the directory is read again");
  }
});

test("nothing is read while a change is in progress", (t) => {
  const { snapshots, bytes, seen } = segment();
  setProgress(bytes, true);
  t.is(snapshots.read([]), undefined);
  t.deepEqual(seen.reads, [0]);
});

test("an error counts only where nothing changed in that time", (t) => {
  const broken = (bytes: Buffer) => bytes.writeUInt32LE(0xffffffff, DIRECTORY - 8);
  const still = segment();
  broken(still.bytes);
  t.throws(() => still.snapshots.list([]), { code: "ERR_BAD_SEGMENT" });
  const changed = segment((count, bytes) => {
    if (count !== 2) return;
    broken(bytes);
    setEpoch(bytes, 8n);
  });
  t.is(changed.snapshots.list([]), undefined);
});

test("a pattern is a text or a regular expression", (t) => {
  const { snapshots } = segment();
  for (const pattern of [5, null, undefined, {}])
    t.throws(() => snapshots.read([pattern as never]), { code: "ERR_OPTION", message: /^stats\.read: option pattern/ });
  t.deepEqual(snapshots.list(["/if/*", /rx/]), []);
});
