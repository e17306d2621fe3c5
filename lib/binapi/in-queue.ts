import { PuntError } from "../errors.js";
import { Reader } from "./cursor.js";

/** u64 unused, u32 length of what follows the header, u32 unused. */
export const FRAME_HEADER = 16;
export const FRAME_LENGTH_AT = 8;

const CAPACITY = 1 << 18;

/** Cuts the stream of bytes that come from VPP into messages. */
export class InQueue {
  private reader = new Reader(new Uint8Array(CAPACITY));
  private start = 0;
  private filled = 0;

  /** `limit`: the largest message taken for real. */
  constructor(private readonly limit: number) {}

  /** Where the next bytes belong: from `filled` to the end of it. */
  get bytes(): Uint8Array {
    return this.reader.bytes;
  }

  get fillStart(): number {
    return this.filled;
  }

  get fillEnd(): number {
    return this.reader.bytes.length;
  }

  /** Notes that `size` bytes have come. */
  fill(size: number): void {
    this.filled += size;
  }

  /** The next whole message, in place, or undefined when there is none. Throws if what came cannot be a frame. */
  next(): Reader | undefined {
    const { reader } = this;
    const have = this.filled - this.start;
    if (have < FRAME_HEADER) return this.makeRoom(FRAME_HEADER);
    const length = reader.view.getUint32(this.start + FRAME_LENGTH_AT);
    if (length < 2 || length > this.limit) {
      const message = `VPP sent a frame of ${length} bytes, which is not within 2..${this.limit}`;
      throw new PuntError("binapi.receive", "ERR_BAD_FRAME", message, { length });
    }
    const size = FRAME_HEADER + length;
    if (have < size) return this.makeRoom(size);
    const start = this.start + FRAME_HEADER;
    this.start += size;
    return reader.window(start, start + length);
  }

  /** Moves what is there to the front of a buffer in which the next frame fits. */
  private makeRoom(size: number): undefined {
    const { bytes } = this.reader;
    const have = this.filled - this.start;
    if (have === 0 && bytes.length === CAPACITY) {
      this.start = 0;
      this.filled = 0;
      return undefined;
    }
    const capacity = Math.max(CAPACITY, 2 ** Math.ceil(Math.log2(size)));
    if (capacity !== bytes.length && (have > 0 || capacity < bytes.length)) {
      const other = new Uint8Array(capacity);
      other.set(bytes.subarray(this.start, this.filled));
      this.reader = new Reader(other);
    } else if (this.start > 0) {
      bytes.copyWithin(0, this.start, this.filled);
    }
    this.start = 0;
    this.filled = have;
    return undefined;
  }
}
