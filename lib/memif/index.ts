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
export {
  Memif,
  type MemifEnding,
  type MemifEvents,
  type MemifHandle,
  type MemifPeer,
  type MemifStats,
} from "./port.js";
export type { MemifHandler, MemifRxQueue, MemifRxStats } from "./rx-queue.js";
export type { MemifTxQueue, MemifTxStats } from "./tx-queue.js";
export type { TxSlots } from "./tx-slots.js";
