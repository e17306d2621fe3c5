// Ring buffers in VPP's statistics segment.
import { PuntError } from "../../errors.js";
import type { StatsMemory } from "./memory.js";

/** The newest entries that VPP has written into one thread's ring, oldest first. */
export interface RingThread {
  /** Entries written since VPP started. The last of `entries` has the number `written - 1`, the one before it one less. */
  written: bigint;
  entries: Uint8Array[];
}

/** A ring buffer of a plugin. The plugin defines the contents of an entry, and may describe them in a schema. */
export interface RingContents {
  /** Size of an entry in bytes, and the number of entries in a thread's ring. */
  entrySize: number;
  ringSize: number;
  schemaVersion: number;
  /** Schema of an entry in the plugin's own notation; empty if it has none. */
  schema: Uint8Array;
  threads: RingThread[];
}

/** `vlib_stats_ring_buffer_t` (vlib/stats/stats.h, VPP 26.06): seven u32. */
const HEADER_SIZE = 28;
/** Of `vlib_stats_ring_metadata_t`: u32 head, u32 schema version, u64 sequence, u32 schema offset, u32 schema size. */
const METADATA_SIZE = 24;
/** VPP gives every thread's metadata a cache line. On ARM it is built for the largest cache line. */
const CACHE_LINE = process.arch === "arm64" ? 128 : 64;

interface Layout {
  entrySize: number;
  ringSize: number;
  threadCount: number;
  metadataAt: number;
  dataAt: number;
}

/** Copies the ring buffer at `offset`. */
export function readRing(memory: StatsMemory, offset: number): RingContents {
  const header = memory.read(offset, HEADER_SIZE);
  const u32 = (index: number) => header.readUInt32LE(index * 4);
  const layout: Layout = {
    entrySize: u32(0),
    ringSize: u32(1),
    threadCount: u32(2),
    metadataAt: offset + u32(5),
    dataAt: offset + u32(6),
  };
  const schemaSize = u32(3);
  const first = layout.threadCount > 0 ? memory.read(layout.metadataAt, METADATA_SIZE) : Buffer.alloc(METADATA_SIZE);
  const schemaAt = schemaSize > 0 ? first.readUInt32LE(16) : 0;
  // The schema directly follows the metadata, so that its offset gives the size of VPP's cache lines.
  const stride = schemaAt > 0 ? (offset + schemaAt - layout.metadataAt) / layout.threadCount : CACHE_LINE;
  const schema = schemaAt > 0 ? memory.read(offset + schemaAt, schemaSize) : Buffer.alloc(0);
  checkFits(memory, layout, stride);
  const threads: RingThread[] = [];
  for (let i = 0; i < layout.threadCount; i++) threads.push(readThread(memory, layout, stride, i));
  return {
    entrySize: layout.entrySize,
    ringSize: layout.ringSize,
    schemaVersion: u32(4),
    schema: new Uint8Array(schema),
    threads,
  };
}

/** Checks that the ring lies in the segment, so that false numbers cost no more time or memory than the segment's size. */
function checkFits(memory: StatsMemory, layout: Layout, stride: number): void {
  const { entrySize, ringSize, threadCount, metadataAt, dataAt } = layout;
  const ends = [metadataAt + threadCount * stride, dataAt + threadCount * ringSize * entrySize];
  if (stride >= METADATA_SIZE && entrySize > 0 && ringSize > 0 && Math.max(...ends) <= memory.size) return;
  const text = `a ring buffer of ${threadCount} threads with ${ringSize} entries of ${entrySize} bytes makes no sense`;
  throw new PuntError("stats.read", "ERR_BAD_SEGMENT", text, { threadCount, ringSize, entrySize });
}

/** Reads a ring while VPP writes. Leaves out entries that VPP may have overwritten, and so the oldest entry of a full ring. */
function readThread(memory: StatsMemory, layout: Layout, stride: number, index: number): RingThread {
  const { entrySize, ringSize, metadataAt, dataAt } = layout;
  const sequence = () => memory.read(metadataAt + index * stride + 8, 8).readBigUInt64LE();
  const written = sequence();
  const size = ringSize * entrySize;
  const bytes = memory.read(dataAt + index * size, size);
  const oldest = sequence() + 1n - BigInt(ringSize);
  const entries: Uint8Array[] = [];
  for (let number = written - BigInt(ringSize); number < written; number++) {
    if (number < 0n || number < oldest) continue;
    const at = Number(number % BigInt(ringSize)) * entrySize;
    entries.push(new Uint8Array(bytes.subarray(at, at + entrySize)));
  }
  return { written, entries };
}
