// The decoder of VPP's statistics on segments that the tests write.
import { closeSync, fstatSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { StatsMemory } from "../../lib/binapi/stats/memory.js";
import { Snapshots } from "../../lib/binapi/stats/snapshots.js";
import { PuntError } from "../../lib/errors.js";
import { Random } from "../support/vpp/sample-values.js";

/** Base of VPP's pointers, which are addresses in VPP. Any value works. */
const BASE = 0x7f12_3400_0000n;

/** Writes a segment as VPP does: header, vectors, directory. */
class SegmentBuilder {
  readonly bytes = Buffer.alloc(1 << 16);
  private at = 4096;
  private readonly entries: [type: number, value: bigint, name: string][] = [];

  vector(elements: bigint[] | Buffer): bigint {
    const data = Buffer.isBuffer(elements) ? elements : Buffer.from(BigUint64Array.from(elements).buffer);
    this.bytes.writeUInt32LE(elements.length, this.at);
    data.copy(this.bytes, this.at + 8);
    const pointer = BASE + BigInt(this.at + 8);
    this.at += 8 + Math.ceil(data.length / 8) * 8;
    return pointer;
  }

  /** Writes a ring buffer of two threads, as vlib_stats_add_ring_buffer does for cache lines of 64 bytes. */
  ring(entrySize: number, ringSize: number, schema: string, written: readonly [number, number]): bigint {
    const start = Math.ceil(this.at / 64) * 64;
    const metadata = Math.ceil((28 + 2 * ringSize * entrySize) / 64) * 64;
    const schemaAt = schema === "" ? 0 : metadata + 2 * 64;
    const header = [entrySize, ringSize, 2, schema.length, 3, metadata, 28];
    for (const [i, word] of header.entries()) this.bytes.writeUInt32LE(word, start + 4 * i);
    for (const [thread, count] of written.entries()) {
      const at = start + metadata + thread * 64;
      this.bytes.writeUInt32LE(count % ringSize, at);
      this.bytes.writeBigUInt64LE(BigInt(count), at + 8);
      this.bytes.writeUInt32LE(schemaAt, at + 16);
      const ring = start + 28 + thread * ringSize * entrySize;
      for (let n = 0; n < count; n++)
        this.bytes.fill(n, ring + (n % ringSize) * entrySize, ring + (n % ringSize) * entrySize + entrySize);
    }
    if (schema !== "") this.bytes.write(schema, start + schemaAt);
    this.at = start + metadata + 2 * 64 + schema.length;
    this.at += 8 - (this.at % 8);
    return BASE + BigInt(start);
  }

  entry(type: number, value: bigint, name: string): void {
    this.entries.push([type, value, name]);
  }

  finish(errors = 0n): Buffer {
    this.at += 8;
    const directory = this.at;
    this.bytes.writeUInt32LE(this.entries.length, directory - 8);
    for (const [i, [type, value, name]] of this.entries.entries()) {
      const at = directory + i * 144;
      this.bytes.writeUInt32LE(type, at);
      this.bytes.writeBigUInt64LE(value, at + 8);
      this.bytes.write(name, at + 16);
    }
    const header = [2n, BASE, 7n, 0n, BASE + BigInt(directory), errors];
    for (const [i, word] of header.entries()) this.bytes.writeBigUInt64LE(word, i * 8);
    return this.bytes;
  }
}

function sample(): SegmentBuilder {
  const build = new SegmentBuilder();
  const simple = build.vector([build.vector([1n, 2n, 3n]), build.vector([10n, 20n, 30n])]);
  const combined = build.vector([build.vector(Buffer.from(BigUint64Array.of(1n, 64n, 2n, 128n).buffer))]);
  // A vector's length counts elements: two pairs, not 32 bytes.
  build.bytes.writeUInt32LE(2, Number(build.bytes.readBigUInt64LE(Number(combined - BASE)) - BASE) - 8);
  const names = build.vector([build.vector(Buffer.from("local0\0")), 0n, build.vector(Buffer.from("memif1/0\0"))]);
  build.entry(1, 42n, "/sys/heartbeat");
  build.entry(2, simple, "/if/drops");
  build.entry(3, combined, "/if/rx");
  build.entry(4, names, "/if/names");
  build.entry(5, 0n, "gone");
  build.entry(6, (2n << 32n) | 1n, "/interfaces/memif1_0/drops");
  build.entry(6, (1n << 32n) | 2n, "/interfaces/memif1_0/rx");
  build.entry(7, build.vector([build.vector([3n, 100n, 200n])]), "/hist");
  build.entry(9, 5n, "/sys/vector_rate");
  build.entry(6, (9n << 32n) | 99n, "/dangling");
  build.entry(8, build.ring(3, 4, "seq: u8", [2, 9]), "/ring");
  build.entry(42, 1n, "/from/the/future");
  return build;
}

const folder = mkdtempSync(join(tmpdir(), "vpp-punt-stats-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

function open(bytes: Uint8Array): { snapshots: Snapshots; fd: number } {
  const fd = openSync(join(folder, `${files++}`), "w+");
  writeSync(fd, bytes);
  const segment = {
    size: () => fstatSync(fd).size,
    read: (into: Uint8Array, length: number, offset: number) => readSync(fd, into, 0, length, offset),
    close: () => closeSync(fd),
  };
  return { snapshots: new Snapshots(new StatsMemory(segment)), fd };
}

test("every kind of entry, and links to one index of another", (t) => {
  const { snapshots } = open(sample().finish());
  const all = Object.fromEntries([...snapshots.read([])!].map(([name, { name: _, ...stat }]) => [name, stat]));
  t.deepEqual(all, {
    "/sys/heartbeat": { type: "scalar", value: 42n },
    "/if/drops": { type: "simple", threads: [BigUint64Array.of(1n, 2n, 3n), BigUint64Array.of(10n, 20n, 30n)] },
    "/if/rx": {
      type: "combined",
      threads: [{ packets: BigUint64Array.of(1n, 2n), bytes: BigUint64Array.of(64n, 128n) }],
    },
    "/if/names": { type: "names", names: ["local0", "", "memif1/0"] },
    "/interfaces/memif1_0/drops": { type: "simple", threads: [BigUint64Array.of(3n), BigUint64Array.of(30n)] },
    "/interfaces/memif1_0/rx": {
      type: "combined",
      threads: [{ packets: BigUint64Array.of(2n), bytes: BigUint64Array.of(128n) }],
    },
    "/hist": { type: "histogram", threads: [{ minExponent: 3, bins: BigUint64Array.of(100n, 200n) }] },
    "/sys/vector_rate": { type: "scalar", value: 5n },
    "/ring": {
      type: "ring",
      entrySize: 3,
      ringSize: 4,
      schemaVersion: 3,
      schema: new Uint8Array(Buffer.from("seq: u8")),
      threads: [
        { written: 2n, entries: [Uint8Array.of(0, 0, 0), Uint8Array.of(1, 1, 1)] },
        // VPP may be overwriting entry 5 with entry 9.
        { written: 9n, entries: [Uint8Array.of(6, 6, 6), Uint8Array.of(7, 7, 7), Uint8Array.of(8, 8, 8)] },
      ],
    },
    "/from/the/future": { type: "unknown", kind: 42 },
  });
});

test("an impossible ring buffer is a clean error", (t) => {
  const words: [index: number, value: number][] = [
    [0, 0], // entries of no bytes
    [1, 0], // no entries
    [1, 0xffffffff],
    [2, 0xffffffff], // threads
    [5, 0xffffffff], // where the metadata is
    [6, 0xffffffff],
  ];
  for (const [index, value] of words) {
    const build = new SegmentBuilder();
    const ring = build.ring(1, 4, "", [1, 1]);
    build.entry(8, ring, "/ring");
    const bytes = build.finish();
    t.is(open(bytes).snapshots.read([])!.size, 1);
    bytes.writeUInt32LE(value, Number(ring - BASE) + 4 * index);
    const error = t.throws<PuntError>(() => open(bytes).snapshots.read([]));
    t.is(error!.code, "ERR_BAD_SEGMENT");
  }
});

test("names are picked by wildcard or regular expression", (t) => {
  const { snapshots } = open(sample().finish());
  t.deepEqual(snapshots.list(["/if/*"]), ["/if/drops", "/if/rx", "/if/names"]);
  t.deepEqual(snapshots.list(["/if/rx"]), ["/if/rx"]);
  t.deepEqual(snapshots.list([/rx$/g, /heart/y, /^\/sys.heart/]), [
    "/sys/heartbeat",
    "/if/rx",
    "/interfaces/memif1_0/rx",
  ]);
});

test("the numbers of 22.02: errors are in a vector of their own, names and links have the next number", (t) => {
  const build = new SegmentBuilder();
  const errors = build.vector([build.vector([0n, 7n]), build.vector([0n, 8n])]);
  const simple = build.vector([build.vector([1n, 2n])]);
  build.entry(5, build.vector([build.vector(Buffer.from("local0\0"))]), "/if/names");
  build.entry(4, 1n, "/err/ip4-input/spoofed");
  build.entry(2, simple, "/if/drops");
  build.entry(7, (1n << 32n) | 2n, "/interfaces/x/drops");
  const all = open(build.finish(errors)).snapshots.read([])!;
  t.deepEqual(all.get("/err/ip4-input/spoofed"), {
    type: "simple",
    name: "/err/ip4-input/spoofed",
    threads: [BigUint64Array.of(7n), BigUint64Array.of(8n)],
  });
  t.like(all.get("/interfaces/x/drops"), { threads: [BigUint64Array.of(2n)] });
  t.like(all.get("/if/names"), { names: ["local0"] });
});

test("a change of the directory delays the snapshot", (t) => {
  const bytes = sample().finish();
  const { snapshots, fd } = open(bytes);
  t.is(snapshots.list([])!.length, 11);
  writeSync(fd, Buffer.from(BigUint64Array.of(8n, 1n).buffer), 0, 16, 16); // epoch 8, in progress
  t.is(snapshots.list([]), undefined);
  const directory = Number(bytes.readBigUInt64LE(32) - BASE);
  writeSync(fd, "/renamed\0", directory + 16);
  writeSync(fd, Buffer.from(BigUint64Array.of(8n, 0n).buffer), 0, 16, 16);
  t.is(snapshots.list([])![0], "/renamed");
});

test("any bytes in the segment give values or a clean error", (t) => {
  const random = new Random(11);
  const good = sample().finish();
  let errors = 0;
  for (let round = 0; round < 2000; round++) {
    const bytes = Buffer.from(good);
    for (let i = random.below(8) + 1; i > 0; i--) {
      // The bytes change in header, vectors and directory, sometimes a whole word.
      const at = random.pick([random.below(48), 4096 + random.below(2900)]);
      if (random.below(2)) bytes[at] = random.below(256);
      else bytes.writeUInt32LE(random.u32(), at);
    }
    const { snapshots, fd } = open(bytes);
    try {
      snapshots.read([]);
    } catch (error) {
      errors++;
      t.true(error instanceof PuntError, String((error as Error).stack));
    }
    closeSync(fd);
  }
  t.true(errors > 100);
});

test("a segment that is truncated in use is an error", (t) => {
  const { snapshots, fd } = open(sample().finish());
  t.truthy(snapshots.read([]));
  ftruncateSync(fd, 4200);
  const error = t.throws<PuntError>(() => snapshots.read([]));
  t.is(error!.code, "ERR_BAD_SEGMENT");
});
