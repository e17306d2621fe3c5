// Free slots of a transmit ring, lent to the application for writing in place.
import { PuntError } from "../errors.js";
import type { BatchTable, PacketMemory } from "../packet/index.js";

/** Free slots of a transmit queue, for writing packets in place: `queue.allocate`. */
export class TxSlots {
  /** Number of slots. */
  readonly length: number;
  /** @internal */
  ended = false;
  readonly #memory: PacketMemory;
  readonly #table: BatchTable;
  readonly #capacities: Uint32Array;
  #exposed = false;

  /** @internal */
  constructor(memory: PacketMemory, table: BatchTable, count: number) {
    this.#memory = memory;
    this.#table = table;
    this.length = count;
    this.#capacities = table.lengths.slice(0, count);
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
    this.#check(i);
    if (!Number.isInteger(length) || length < 1 || length > this.#capacities[i]!) {
      const message = `${length} bytes in slot ${i}, which takes 1 to ${this.#capacities[i]}`;
      throw new PuntError("memif.allocate", "ERR_PACKET_SIZE", message);
    }
    this.#exposed = true;
    this.#table.lengths[i] = length;
    const start = this.#table.offsets[i]!;
    return this.#memory.bytes().subarray(start, start + length);
  }

  /** @internal */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    if (this.#exposed) this.#memory.revoke();
  }

  #check(i: number): void {
    if (this.ended) {
      throw new PuntError(
        "memif.allocate",
        "ERR_NO_SLOTS",
        "the slots were sent already, or their connection has ended",
      );
    }
    if (i >>> 0 >= this.length)
      throw new PuntError("memif.allocate", "ERR_OUT_OF_RANGE", `slot ${i} of ${this.length} slots`);
  }
}
