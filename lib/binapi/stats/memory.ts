// The bytes of VPP's statistics segment.
import { getSystemErrorName } from "node:util";
import { PuntError } from "../../errors.js";
import type { NativeStatsSegment } from "../../native.js";

/** Bytes in front of a VPP vector's elements; the first four are its length. */
const VECTOR_HEADER = 8;
/** So much is read at first of a vector whose length is not known yet. */
const FIRST_READ = 1024;
/** No vector of VPP's is larger: a length beyond it is a lie, or read while VPP wrote it. */
const LARGEST_VECTOR = 1 << 28;

/**
 * The shared memory of VPP's statistics, read with pread instead of being mapped: whatever VPP writes into it, or does to the
 * file, a read gives bytes or an error.
 */
export class StatsMemory {
  readonly size: number;
  readonly #scratch = Buffer.alloc(FIRST_READ);
  readonly #segment: Pick<NativeStatsSegment, "size" | "read" | "close">;

  constructor(segment: Pick<NativeStatsSegment, "size" | "read" | "close">) {
    this.#segment = segment;
    this.size = checked(segment.size());
  }

  close(): void {
    this.#segment.close();
  }

  /** `length` bytes at `offset`, copied. */
  read(offset: number, length: number, scratch?: Buffer): Buffer {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) throw outside(offset, length, this.size);
    const into = scratch ?? Buffer.allocUnsafeSlow(length);
    const got = checked(this.#segment.read(into, length, offset));
    if (got !== length) throw outside(offset, length, offset + got);
    return into;
  }

  /** The elements of the vector at `offset`, of `elementSize` bytes each. Empty for a null pointer, which is below 0. */
  vector(offset: number, elementSize: number): Buffer {
    if (offset < VECTOR_HEADER) return Buffer.alloc(0);
    const first = Math.min(FIRST_READ, this.size - (offset - VECTOR_HEADER));
    const head = this.read(offset - VECTOR_HEADER, first, this.#scratch);
    const length = head.readUInt32LE(0) * elementSize;
    if (length > LARGEST_VECTOR) throw outside(offset, length, this.size);
    if (VECTOR_HEADER + length > first) return this.read(offset, length);
    const copy = Buffer.allocUnsafeSlow(length);
    head.copy(copy, 0, VECTOR_HEADER, VECTOR_HEADER + length);
    return copy;
  }
}

/** A result of the segment, which is -errno if negative. */
function checked(result: number): number {
  if (result >= 0) return result;
  const name = getSystemErrorName(result);
  if (name === "EBADF") throw new PuntError("stats.read", "ERR_CLOSED", "the statistics are closed");
  throw new PuntError("stats.read", name, `cannot read VPP's statistics segment: ${name}`);
}

function outside(offset: number, length: number, size: number): PuntError {
  const text = `${length} bytes at ${offset} are not inside the ${size} bytes of the statistics segment`;
  return new PuntError("stats.read", "ERR_BAD_SEGMENT", text, { offset, length, size });
}
