// Some packets of a batch, as a batch of their own.
import { BatchTable, PacketBatch, type PacketMemory } from "./batch.js";

/** Makes a batch of some packets of another one. It is valid as long as the whole batch is, and no longer than until the next one. */
export class BatchSubset {
  readonly #table: BatchTable;
  readonly #batch: PacketBatch;
  readonly #chosen: Uint32Array;

  /** @param capacity the most packets of a batch */
  constructor(capacity: number) {
    this.#table = new BatchTable(capacity);
    this.#batch = new PacketBatch(this.#table);
    this.#chosen = new Uint32Array(capacity);
  }

  /** Returns the packets for which `isChosen` says true, in their order. */
  choose(whole: PacketBatch, isChosen: (i: number) => boolean): PacketBatch {
    const { offsets, lengths } = whole.raw();
    let count = 0;
    for (let i = 0; i < whole.length; i++) {
      if (!isChosen(i)) continue;
      this.#chosen[count] = i;
      this.#table.offsets[count] = offsets[i]!;
      this.#table.lengths[count] = lengths[i]!;
      this.#table.swIfIndexes[count++] = whole.swIfIndex(i);
    }
    this.#batch.fill(this.#memoryOf(whole), count);
    return this.#batch;
  }

  /** Ends the life of the subset. Views on it end with the whole batch. */
  release(): void {
    this.#batch.release();
  }

  #memoryOf(whole: PacketBatch): PacketMemory {
    return {
      bytes: () => whole.raw().bytes,
      revoke: () => whole.expose(),
      retain: (i) => whole.retain(this.#chosen[i]!),
    };
  }
}
