// VPP's counters of each punt: packets, bytes, and drops by cause.

export {
  countersOf,
  DROPPED,
  type InterconnectCounters,
  type PacketCount,
  type PuntCounters,
  type VppCounters,
} from "./counters.js";
export { CounterReader, type CounterReaderOptions } from "./reader.js";
export { type RingFill, readRings, ringsIn } from "./rings.js";
