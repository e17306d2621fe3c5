// Free slots of a transmit ring, lent to the application for writing in place.
import { PuntError } from "../errors.js";
import type { BatchTable, PacketMemory } from "../packet/index.js";

/**
 * Free slots of a transmit queue, for writing packets in place: `queue.allocate`.
 * @example
 * ```ts
 * import { Memif } from "vpp-punt";
 *
 * const port = Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id: 0 });
 * const queue = port.tx();
 * const frame = new Uint8Array(60).fill(0xff, 0, 6);
 * const slots = queue.allocate(32, frame);
 * // All slots hold the frame already. Each gets a number of its own at byte 14.
 * for (let i = 0; i < slots.length; i++) slots.setU32(i, 14, i);
 * queue.commit();
 * ```
 */
export class TxSlots {
  /** Number of slots. */
  readonly length: number;
  /** @internal */
  ended = false;
  readonly #memory: PacketMemory;
  readonly #bytes: Uint8Array;
  readonly #offsets: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #capacities: Uint32Array;
  #exposed = false;

  /** @internal `capacities` has room for all slots of the table. */
  constructor(memory: PacketMemory, table: BatchTable, capacities: Uint32Array, count: number) {
    this.#memory = memory;
    // The memory has other bytes only after a revoke, which is after the end of these slots.
    this.#bytes = memory.bytes();
    this.#offsets = table.offsets;
    this.#lengths = table.lengths;
    this.#capacities = capacities;
    this.length = count;
    capacities.set(table.lengths);
    table.lengths.fill(0, 0, count);
  }

  /**
   * Returns how many bytes fit into slot `i`.
   *
   * @throws PuntError ERR_OUT_OF_RANGE: there is no slot `i`.
   * @throws PuntError ERR_NO_SLOTS: the slots were committed, or their connection or port has ended.
   */
  capacity(i: number): number {
    this.#check(i);
    return this.#capacities[i]!;
  }

  /**
   * Returns the bytes of slot `i` for a packet of `length` bytes, which is what `commit` sends of it. Their content is undefined until
   * written. The view is empty once the slots are committed.
   *
   * @throws PuntError ERR_PACKET_SIZE: `length` is not from 1 to `capacity(i)`.
   * @throws PuntError ERR_OUT_OF_RANGE or ERR_NO_SLOTS: as `capacity` does.
   */
  view(i: number, length: number): Uint8Array {
    this.setLength(i, length);
    this.#exposed = true;
    const start = this.#offsets[i]!;
    return this.#bytes.subarray(start, start + length);
  }

  /**
   * Writes a packet into slot `i`: what `commit` sends of it.
   *
   * @throws PuntError ERR_PACKET_SIZE: the packet does not have 1 to `capacity(i)` bytes.
   * @throws PuntError ERR_INVALID_PACKET: the packet is not a Uint8Array.
   * @throws PuntError ERR_OUT_OF_RANGE or ERR_NO_SLOTS: as `capacity` does.
   */
  write(i: number, packet: Uint8Array): void {
    if (!(packet instanceof Uint8Array)) {
      throw new PuntError("memif.allocate", "ERR_INVALID_PACKET", `the packet for slot ${i} is not a Uint8Array`);
    }
    this.setLength(i, packet.length);
    this.#bytes.set(packet, this.#offsets[i]!);
  }

  /**
   * Sets the length of the packet in slot `i`, which `commit` sends. Bytes that were not written are undefined.
   *
   * @throws PuntError ERR_PACKET_SIZE, ERR_OUT_OF_RANGE or ERR_NO_SLOTS: as `write` does.
   */
  setLength(i: number, length: number): void {
    this.#check(i);
    if (!Number.isInteger(length) || length < 1 || length > this.#capacities[i]!) this.#refuseLength(i, length);
    this.#lengths[i] = length;
  }

  /** Writes byte `at` of the packet in slot `i`, whose length has been set. @throws PuntError ERR_OUT_OF_RANGE or ERR_NO_SLOTS */
  setU8(i: number, at: number, value: number): void {
    this.#bytes[this.#locate(i, at, 1)] = value;
  }

  /** Writes 16 bits in network order, likewise. @throws PuntError ERR_OUT_OF_RANGE or ERR_NO_SLOTS */
  setU16(i: number, at: number, value: number): void {
    const start = this.#locate(i, at, 2);
    const bytes = this.#bytes;
    bytes[start] = value >>> 8;
    bytes[start + 1] = value;
  }

  /** Writes 32 bits in network order, likewise. @throws PuntError ERR_OUT_OF_RANGE or ERR_NO_SLOTS */
  setU32(i: number, at: number, value: number): void {
    const start = this.#locate(i, at, 4);
    const bytes = this.#bytes;
    bytes[start] = value >>> 24;
    bytes[start + 1] = value >>> 16;
    bytes[start + 2] = value >>> 8;
    bytes[start + 3] = value;
  }

  /** @internal */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    if (this.#exposed) this.#memory.revoke();
  }

  /** Returns where byte `at` of the packet in slot `i` is, after checking that `size` bytes from there belong to the packet. */
  #locate(i: number, at: number, size: number): number {
    // The length of a slot with a fractional number is undefined, and no comparison with it holds.
    const isInside = i >>> 0 < this.length && at >>> 0 === at && at + size <= this.#lengths[i]!;
    if (this.ended || !isInside) this.#refuseBytes(i, at, size);
    return this.#offsets[i]! + at;
  }

  #refuseBytes(i: number, at: number, size: number): never {
    this.#check(i);
    const message = `bytes ${at}..${at + size} of a packet of ${this.#lengths[i]} bytes in slot ${i}`;
    throw new PuntError("memif.allocate", "ERR_OUT_OF_RANGE", message);
  }

  #refuseLength(i: number, length: number): never {
    const message = `${length} bytes in slot ${i}, which takes 1 to ${this.#capacities[i]}`;
    throw new PuntError("memif.allocate", "ERR_PACKET_SIZE", message);
  }

  #check(i: number): void {
    if (this.ended) {
      throw new PuntError(
        "memif.allocate",
        "ERR_NO_SLOTS",
        "the slots were sent already, or their connection has ended",
      );
    }
    if (i >>> 0 !== i || i >= this.length)
      throw new PuntError("memif.allocate", "ERR_OUT_OF_RANGE", `slot ${i} of ${this.length} slots`);
  }
}
