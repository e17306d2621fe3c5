// Cuts the bytes that a peer sends into messages.
import { PuntError } from "../errors.js";
import { Reader } from "./cursor.js";
import { FRAME_HEADER, frameLength } from "./frame.js";

const CAPACITY = 1 << 18;

/** The limits of a peer's messages. */
export interface FrameLimits {
  /** Length of the shortest message in bytes, and of the longest. */
  readonly shortest: number;
  readonly longest: number;
  /** The receiving operation and the peer's name, for errors. */
  readonly op: string;
  readonly sender: string;
}

/** Cuts a peer's stream of bytes into messages. @internal */
export class InQueue {
  #reader = new Reader(new Uint8Array(CAPACITY));
  #start = 0;
  #filled = 0;
  readonly #limits: FrameLimits;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  /** The buffer for the next bytes, which belong between `fillStart` and `fillEnd`. */
  get bytes(): Uint8Array {
    return this.#reader.bytes;
  }

  get fillStart(): number {
    return this.#filled;
  }

  get fillEnd(): number {
    return this.#reader.bytes.length;
  }

  /** Notes that `size` bytes have arrived. */
  fill(size: number): void {
    this.#filled += size;
  }

  /**
   * Returns the next whole message in place, or undefined if none is complete.
   *
   * @throws PuntError ERR_BAD_FRAME: the length cannot be a message's
   */
  next(): Reader | undefined {
    const reader = this.#reader;
    const have = this.#filled - this.#start;
    if (have < FRAME_HEADER) return this.#makeRoom(FRAME_HEADER);
    const length = frameLength(reader.view, this.#start);
    const { shortest, longest } = this.#limits;
    if (length < shortest || length > longest) {
      const { op, sender } = this.#limits;
      const message = `${sender} sent a frame of ${length} bytes, which is not within ${shortest}..${longest}`;
      throw new PuntError(op, "ERR_BAD_FRAME", message, { length });
    }
    const size = FRAME_HEADER + length;
    if (have < size) return this.#makeRoom(size);
    const start = this.#start + FRAME_HEADER;
    this.#start += size;
    return reader.window(start, start + length);
  }

  /** Moves the bytes to the front of a buffer that has room for the next frame. */
  #makeRoom(size: number): undefined {
    const { bytes } = this.#reader;
    const have = this.#filled - this.#start;
    if (have === 0 && bytes.length === CAPACITY) {
      this.#start = 0;
      this.#filled = 0;
      return undefined;
    }
    const capacity = Math.max(CAPACITY, 2 ** Math.ceil(Math.log2(size)));
    if (capacity !== bytes.length && (have > 0 || capacity < bytes.length)) {
      const other = new Uint8Array(capacity);
      other.set(bytes.subarray(this.#start, this.#filled));
      this.#reader = new Reader(other);
    } else if (this.#start > 0) {
      bytes.copyWithin(0, this.#start, this.#filled);
    }
    this.#start = 0;
    this.#filled = have;
    return undefined;
  }
}
