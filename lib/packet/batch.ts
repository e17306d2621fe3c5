// Batches: the packets of one burst, where they lie, and how long they are valid.
import { PuntError } from "../errors.js";

/**
 * The memory that packets of a batch lie in: a memif region or a slab of a punt socket.
 *
 * `bytes()` is for this library's own reads. Once the application has a view, every view must die when the handler returns:
 * `revoke` detaches the ArrayBuffer, and the next `bytes()` is a new one over the same memory.
 */
export interface PacketMemory {
  /** All of the memory. Returns the same object until `revoke`. */
  bytes(): Uint8Array;
  /** Detaches the ArrayBuffer behind `bytes()`: every view on it has length 0 from now on. */
  revoke(): void;
  /** Keeps packet `i` of the current batch in place. Undefined when the packet must be copied; without the method all must be. */
  retain?: ((i: number) => RetainedPacket | undefined) | undefined;
}

/** A packet that outlives its batch, from `batch.retain(i)`. */
export interface RetainedPacket {
  /** The packet; empty (length 0) after `release`. */
  readonly bytes: Uint8Array;
  /** True when `bytes` is the buffer that the packet came in; false when the packet had to be copied. */
  readonly inPlace: boolean;
  /**
   * Gives the buffer back to the ring that it came from. The second call does nothing. Ring slots of a memif server's port go back in order:
   * later slots wait for this one.
   */
  release(): void;
}

/**
 * The table in which native code describes the packets of a batch, filled once a burst: three columns of `capacity` unsigned 32-bit
 * numbers, one after the other: offset in the memory, length, sw_if_index.
 */
export class BatchTable {
  readonly capacity: number;
  readonly buffer: ArrayBuffer;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly swIfIndexes: Uint32Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.buffer = new ArrayBuffer(3 * 4 * capacity);
    this.offsets = new Uint32Array(this.buffer, 0, capacity);
    this.lengths = new Uint32Array(this.buffer, 4 * capacity, capacity);
    this.swIfIndexes = new Uint32Array(this.buffer, 8 * capacity, capacity);
  }
}

const EMPTY = new Uint8Array(0);

/**
 * The packets of one burst, valid until the handler that received them returns.
 *
 * Reading allocates nothing: `u8(i, at)`, `u16`, `u32` read in place. `view(i)` is a `Uint8Array` in place (one small object a
 * call) that becomes empty when the handler returns. `copy(i)` keeps a packet. A batch that is used later throws
 * `ERR_BATCH_RELEASED`, wherever it is passed to.
 *
 * Another thread must not read a view: `zlib.deflate(batch.view(i), callback)` may read bytes of a later packet. Pass a copy.
 * @example
 * ```ts
 * import { Memif, type PacketBatch } from "vpp-punt";
 *
 * // Keeps a copy of each ARP frame: the batch itself ends with the handler.
 * function arpFrames(batch: PacketBatch): Uint8Array[] {
 *   const frames: Uint8Array[] = [];
 *   for (let i = 0; i < batch.length; i++) if (batch.u16(i, 12) === 0x0806) frames.push(batch.copy(i));
 *   return frames;
 * }
 *
 * const port = Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id: 0 });
 * port.receive((batch) => setImmediate(console.log, arpFrames(batch)));
 * ```
 */
export class PacketBatch {
  /** Number of packets. 0 once the batch has been released. */
  length = 0;
  #memory: PacketMemory | undefined;
  #exposed = false;
  /** All of the memory that the packets lie in. */
  protected bytes: Uint8Array = EMPTY;
  protected readonly table: BatchTable;

  constructor(table: BatchTable) {
    this.table = table;
  }

  /** @internal Starts the life of a burst of `count` packets. */
  fill(memory: PacketMemory, count: number): void {
    this.#memory = memory;
    this.bytes = memory.bytes();
    this.length = count;
  }

  /** @internal Ends it: every view is empty from now on, every read throws. */
  release(): void {
    if (this.#exposed) this.#memory!.revoke();
    this.#exposed = false;
    this.#memory = undefined;
    this.bytes = EMPTY;
    this.length = 0;
  }

  /** Returns the length of packet `i` in bytes. */
  byteLength(i: number): number {
    this.check(i);
    return this.table.lengths[i]!;
  }

  /** Returns VPP's sw_if_index of the interface that packet `i` came in on; 0 for memif, which does not carry it. */
  swIfIndex(i: number): number {
    this.check(i);
    return this.table.swIfIndexes[i]!;
  }

  /** Returns byte `at` of packet `i`. */
  u8(i: number, at: number): number {
    if (i >>> 0 >= this.length || at >>> 0 !== at || !(at < this.table.lengths[i]!)) this.#fail(i, at, 1);
    return this.bytes[this.table.offsets[i]! + at]!;
  }

  /** Returns 16 bits in network order at `at` of packet `i`. */
  u16(i: number, at: number): number {
    const start = this.#locate(i, at, 2);
    return (this.bytes[start]! << 8) | this.bytes[start + 1]!;
  }

  /** Returns 32 bits in network order at `at` of packet `i`. */
  u32(i: number, at: number): number {
    const start = this.#locate(i, at, 4);
    const bytes = this.bytes;
    return ((bytes[start]! << 24) | (bytes[start + 1]! << 16) | (bytes[start + 2]! << 8) | bytes[start + 3]!) >>> 0;
  }

  /** Returns the bytes of packet `i` in place. The view is empty (length 0) once the handler has returned. */
  view(i: number): Uint8Array {
    const start = this.#locate(i, 0, 0);
    this.#exposed = true;
    return this.bytes.subarray(start, start + this.table.lengths[i]!);
  }

  /** Returns a copy of packet `i` that belongs to the application. */
  copy(i: number): Uint8Array {
    const start = this.#locate(i, 0, 0);
    return this.bytes.slice(start, start + this.table.lengths[i]!);
  }

  /**
   * Keeps packet `i` without a copy until its `release`. A punt socket, and a packet gathered from scattered buffers, give a copy:
   * `inPlace` says so. On a memif server's port the queue gets no more packets once `ringSize` slots have been used since the oldest packet
   * that is kept, however few are: `copy` what stays for long. A client's `spareBuffers` have no such limit.
   *
   * @throws PuntError ERR_NO_SPARE: too many packets are kept already
   */
  retain(i: number): RetainedPacket {
    this.check(i);
    return this.#memory?.retain?.(i) ?? copiedPacket(this.copy(i));
  }

  /** Writes byte `at` of packet `i` in place. */
  setU8(i: number, at: number, value: number): void {
    this.bytes[this.#locate(i, at, 1)] = value;
  }

  /** Writes 16 bits in network order at `at` of packet `i` in place. */
  setU16(i: number, at: number, value: number): void {
    const start = this.#locate(i, at, 2);
    this.bytes[start] = value >>> 8;
    this.bytes[start + 1] = value;
  }

  /** Writes 32 bits in network order at `at` of packet `i` in place. */
  setU32(i: number, at: number, value: number): void {
    const start = this.#locate(i, at, 4);
    const bytes = this.bytes;
    bytes[start] = value >>> 24;
    bytes[start + 1] = value >>> 16;
    bytes[start + 2] = value >>> 8;
    bytes[start + 3] = value;
  }

  /**
   * Exchanges `size` bytes at `first` and at `second` of packet `i` in place: `swap(i, 0, 6, 6)` turns an Ethernet header around, and
   * `swap(i, 26, 30, 4)` the addresses of IPv4, whose checksum stays right.
   */
  swap(i: number, first: number, second: number, size: number): void {
    if (size >>> 0 !== size) this.#fail(i, first, size);
    const a = this.#locate(i, first, size);
    const b = this.#locate(i, second, size);
    const bytes = this.bytes;
    for (let k = 0; k < size; k++) {
      const kept = bytes[a + k]!;
      bytes[a + k] = bytes[b + k]!;
      bytes[b + k] = kept;
    }
  }

  /** @internal Makes every view on the memory end with this batch: a subset has given one out. */
  expose(): void {
    this.#exposed = true;
  }

  /** @internal The memory, and the columns that describe the packets in it: together and each. */
  raw(): { bytes: Uint8Array; table: ArrayBuffer; offsets: Uint32Array; lengths: Uint32Array } {
    this.#checkLive();
    const { buffer, offsets, lengths } = this.table;
    return { bytes: this.bytes, table: buffer, offsets, lengths };
  }

  /** Returns the packets in order, each as `view(i)`. */
  *[Symbol.iterator](): IterableIterator<Uint8Array> {
    this.#checkLive();
    // The count of the start: view() throws when the batch is released in between.
    const count = this.length;
    for (let i = 0; i < count; i++) yield this.view(i);
  }

  /** Makes packet `i` shorter, or leaves its length. @throws PuntError: it has fewer than `length` bytes, or `length` is not from 1 on */
  protected shorten(i: number, length: number): void {
    if (!(length >= 1) || !Number.isInteger(length)) this.#fail(i, 0, length);
    this.#locate(i, 0, length);
    this.table.lengths[i] = length;
  }

  /** Requires that there is a packet `i`. @throws PuntError ERR_OUT_OF_RANGE: there is none */
  protected check(i: number): void {
    if (!this.#has(i)) this.#fail(i, 0, 0);
  }

  #has(i: number): boolean {
    return i >>> 0 === i && i < this.length;
  }

  /** Returns where byte `at` of packet `i` is, after checking that `size` bytes from there belong to the packet. */
  #locate(i: number, at: number, size: number): number {
    // The length of a packet with a fractional number is undefined, and no comparison with it holds.
    if (i >>> 0 >= this.length || at >>> 0 !== at || !(at + size <= this.table.lengths[i]!)) this.#fail(i, at, size);
    return this.table.offsets[i]! + at;
  }

  #checkLive(): void {
    if (this.#memory !== undefined) return;
    throw new PuntError("batch.read", "ERR_BATCH_RELEASED", "the batch was used after its handler had returned");
  }

  #fail(i: number, at: number, size: number): never {
    this.#checkLive();
    if (!this.#has(i)) {
      throw new PuntError("batch.read", "ERR_OUT_OF_RANGE", `packet ${i} of a batch of ${this.length}`);
    }
    const length = this.table.lengths[i];
    throw new PuntError("batch.read", "ERR_OUT_OF_RANGE", `bytes ${at}..${at + size} of a packet of ${length} bytes`);
  }
}

/**
 * @internal Returns the memory and the columns of a batch.
 *
 * @throws PuntError ERR_INVALID_PACKET: it is not a batch; ERR_BATCH_RELEASED
 */
export function rawOf(op: string, batch: PacketBatch): ReturnType<PacketBatch["raw"]> {
  if (batch instanceof PacketBatch) return batch.raw();
  throw new PuntError(op, "ERR_INVALID_PACKET", "the packets must be a batch, as a port delivers one");
}

function copiedPacket(copy: Uint8Array): RetainedPacket {
  let bytes = copy;
  return {
    get bytes() {
      return bytes;
    },
    inPlace: false,
    release() {
      bytes = EMPTY;
    },
  };
}
