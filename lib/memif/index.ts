// The front door of memif: the port, its queues, and the types that they speak in.
export { MemifBatch } from "./batch.js";
export {
  ForwardBatch,
  type ForwardDirection,
  Forwarder,
  type ForwardHandler,
  type ForwardOptions,
  type ForwardStats,
  forward,
} from "./forward.js";
export type { MemifOptions, MemifRxMode } from "./options.js";
export { Memif } from "./port.js";
export type { MemifEnding, MemifEvents, MemifHandle, MemifPeer, MemifStats } from "./port-types.js";
export type { MemifHandler, MemifRxQueue, MemifRxStats } from "./rx-queue.js";
export type { MemifTxQueue, MemifTxStats } from "./tx-queue.js";
export type { TxSlots } from "./tx-slots.js";
