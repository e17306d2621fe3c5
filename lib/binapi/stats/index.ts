// The front door of VPP's statistics segment.
export type {
  CombinedStat,
  HistogramStat,
  NamesStat,
  RingStat,
  ScalarStat,
  SimpleStat,
  Stat,
  UnknownStat,
} from "./counters.js";
export type { RingContents, RingThread } from "./ring.js";
export type { StatsPattern } from "./snapshots.js";
export { VppStats } from "./stats.js";
