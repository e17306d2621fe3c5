// The public interface of the package, but for its entries "binapi" and "sim".
export { Descriptor, type Namespace } from "./descriptor/index.js";
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
export {
  describeFrame,
  describeIp,
  PacketBatch,
  type PcapLinkType,
  type PcapngInterfaceOptions,
  type PcapngPacketOptions,
  PcapngWriter,
  type PcapPacket,
  PcapReader,
  PcapWriter,
  type RetainedPacket,
} from "./packet/index.js";
export * from "./packet-socket/index.js";
export * from "./punt/index.js";
export {
  DEFAULT_VPP_PUNT_PATH,
  type KnownInterfaces,
  PuntAction,
  PuntBatch,
  PuntInjector,
  type PuntInjectorEvents,
  type PuntInjectorOptions,
  type PuntInjectorStats,
  PuntSocket,
  type PuntSocketOptions,
  type PuntSocketStats,
  type PuntWarning,
} from "./punt-socket/index.js";
