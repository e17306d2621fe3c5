// Batches over packets in plain memory.
import { BatchTable, PacketBatch } from "../../../lib/packet/index.js";

/** A batch of the given packets, as a port delivers one. */
export function batchOf(packets: readonly Uint8Array[]): PacketBatch {
  const table = new BatchTable(packets.length);
  const bytes = new Uint8Array(packets.reduce((sum, packet) => sum + packet.length, 0));
  let at = 0;
  for (const [i, packet] of packets.entries()) {
    bytes.set(packet, at);
    table.offsets[i] = at;
    table.lengths[i] = packet.length;
    at += packet.length;
  }
  const batch = new PacketBatch(table);
  batch.fill({ bytes: () => bytes, revoke: () => {} }, packets.length);
  return batch;
}
