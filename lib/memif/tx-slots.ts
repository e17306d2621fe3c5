import { PuntError } from "../errors.js";
import type { BatchTable, PacketMemory } from "../packet/batch.js";

/** Free slots of a transmit queue, to write packets in place: `queue.allocate`. */
export class TxSlots {
  /** How many there are. */
  readonly length: number;
  /** @internal */
  ended = false;
  private exposed = false;
  private readonly capacities: Uint32Array;

  /** @internal */
  constructor(
    private readonly memory: PacketMemory,
    private readonly table: BatchTable,
    count: number,
  ) {
    this.length = count;
    this.capacities = table.lengths.slice(0, count);
    table.lengths.fill(0, 0, count);
  }

  /** How many bytes fit slot `i`. */
  capacity(i: number): number {
    this.check(i);
    return this.capacities[i]!;
  }

  /**
   * The bytes of slot `i` for a packet of `length`, which is what `commit` sends of it. Their content is undefined until written.
   * Empty once committed.
   */
  view(i: number, length: number): Uint8Array {
    this.check(i);
    if (!Number.isInteger(length) || length < 1 || length > this.capacities[i]!) {
      throw new PuntError("memif.allocate", "ERR_PACKET_SIZE", `${length} bytes in a slot of ${this.capacities[i]}`);
    }
    this.exposed = true;
    this.table.lengths[i] = length;
    const start = this.table.offsets[i]!;
    return this.memory.bytes().subarray(start, start + length);
  }

  /** @internal */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    if (this.exposed) this.memory.revoke();
  }

  private check(i: number): void {
    if (this.ended) throw new PuntError("memif.allocate", "ERR_NO_SLOTS", "the slots were sent already");
    if (i >>> 0 >= this.length)
      throw new PuntError("memif.allocate", "ERR_OUT_OF_RANGE", `slot ${i} of ${this.length}`);
  }
}
