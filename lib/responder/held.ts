// Packets that came before the program gave its handler: copies, in their order.
import { BatchTable, PacketBatch } from "../packet/index.js";

/** The most packets that are held; later ones are dropped. */
const MOST = 1024;

export class HeldPackets {
  dropped = 0;
  readonly #packets: Uint8Array[] = [];

  take(batch: PacketBatch): void {
    for (let i = 0; i < batch.length; i++) {
      if (this.#packets.length < MOST) this.#packets.push(batch.copy(i));
      else this.dropped++;
    }
  }

  /** Passes on what is held, in one batch. */
  deliver(handler: (batch: PacketBatch) => void): void {
    const packets = this.#packets.splice(0);
    if (packets.length === 0) return;
    const bytes = new Uint8Array(Buffer.concat(packets));
    const table = new BatchTable(packets.length);
    let at = 0;
    for (const [i, { length }] of packets.entries()) {
      table.offsets[i] = at;
      table.lengths[i] = length;
      at += length;
    }
    const batch = new PacketBatch(table);
    // The memory is this batch's own: views on it may live on.
    batch.fill({ bytes: () => bytes, revoke: () => {} }, packets.length);
    try {
      handler(batch);
    } finally {
      batch.release();
    }
  }
}
