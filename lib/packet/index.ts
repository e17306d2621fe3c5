// Packets: batches of received ones, a line of text about one, capture files.

export { BatchTable, PacketBatch, type PacketMemory, type RetainedPacket } from "./batch.js";
export type { PcapLinkType } from "./capture.js";
export { describeFrame, describeIp } from "./describe.js";
export { BatchFeed } from "./feed.js";
export { PacketFilter } from "./filter.js";
export { type FrameHeaders, headersOf, type IpHeaders } from "./headers.js";
export {
  type Flow,
  FlowTable,
  type FlowTableOptions,
  MacTable,
  MatchTable,
  type MatchTableOptions,
  VlanTable,
} from "./match-table.js";
export { type PcapPacket, PcapReader } from "./pcap-reader.js";
export { PcapWriter } from "./pcap-writer.js";
export { type PcapngInterfaceOptions, type PcapngPacketOptions, PcapngWriter } from "./pcapng-writer.js";
export { type Pollable, PollGroup } from "./poll-group.js";
export {
  type AnyTable,
  checkFilter,
  type FilterAction,
  type FilterRule,
  PacketRules,
  type PortFilter,
  type RuleCount,
} from "./rules.js";
export { BatchSubset } from "./subset.js";
