// The bytes of VPP's statistics segment.
import { getSystemErrorName } from "node:util";
import { PuntError } from "../../errors.js";
import type { NativeStatsSegment } from "../../native.js";

/** Bytes in front of the elements of a VPP vector. The first four are its length. */
const VECTOR_HEADER = 8;
/** Size of the first read of a vector, whose length is not known yet. */
const FIRST_READ = 1024;
/** Largest vector. A greater length is false, or was read while VPP wrote it. */
const LARGEST_VECTOR = 1 << 28;

/**
 * The shared memory of VPP's statistics. It is read with pread and not mapped, so that a read returns bytes or an error even if VPP
 * truncates the file.
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

  /** Returns a copy of `length` bytes at `offset`. */
  read(offset: number, length: number, scratch?: Buffer): Buffer {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) throw outside(offset, length, this.size);
    const into = scratch ?? Buffer.allocUnsafeSlow(length);
    const got = checked(this.#segment.read(into, length, offset));
    if (got !== length) throw outside(offset, length, offset + got);
    return into;
  }

  /** Returns the elements, of `elementSize` bytes each, of the vector at `offset`. Returns none for a null pointer, which is below 0. */
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

/** Checks a result of the segment. A negative result is -errno. */
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
