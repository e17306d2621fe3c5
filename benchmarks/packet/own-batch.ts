// Packets of a program's own, for senders.
import { BatchTable, PacketBatch } from "../../lib/packet/index.js";

/** Returns packets of one length, one behind the other in `bytes`, as a batch, as if they had been received. */
export function ownBatch(bytes: Uint8Array, length: number): PacketBatch {
  const count = bytes.length / length;
  const table = new BatchTable(count);
  table.offsets.set(Array.from({ length: count }, (_, i) => i * length));
  table.lengths.fill(length);
  const batch = new PacketBatch(table);
  batch.fill({ bytes: () => bytes, revoke: () => {} }, count);
  return batch;
}
