export { type ErrorCode, type ErrorDetails, PuntError } from "./errors.js";
export type {
  MemifEnding,
  MemifEvents,
  MemifHandle,
  MemifHandler,
  MemifOptions,
  MemifPeer,
  MemifRxMode,
  MemifRxQueue,
  MemifRxStats,
  MemifStats,
  MemifTxQueue,
  MemifTxStats,
  TxSlots,
} from "./memif/index.js";
export { Memif } from "./memif/index.js";
export { PacketBatch, type RetainedPacket } from "./packet/batch.js";
export { describeFrame, describeIp } from "./packet/describe.js";
export { type PcapLinkType, type PcapPacket, PcapReader, PcapWriter } from "./packet/pcap.js";
export * from "./punt/index.js";
export * from "./punt-socket.js";
