// VPP's punt sockets: PuntSocket receives punted packets, PuntInjector sends packets to VPP.
export { PuntBatch } from "./batch.js";
export {
  actionAt,
  DESCRIPTOR_SIZE,
  MAX_INJECTED,
  MIN_INJECTED,
  PuntAction,
  swIfIndexAt,
  writeDescriptor,
} from "./descriptor.js";
export {
  type KnownInterfaces,
  PuntInjector,
  type PuntInjectorEvents,
  type PuntInjectorOptions,
  type PuntInjectorStats,
} from "./injector.js";
export { DEFAULT_VPP_PUNT_PATH, type PuntSocketOptions } from "./options.js";
export { PuntSocket } from "./punt-socket.js";
export type { PuntWarning } from "./queue-limit.js";
export type { PuntSocketStats } from "./stats.js";
