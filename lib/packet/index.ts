// Packets: batches of received ones, a line of text about one, capture files.

export { BatchTable, PacketBatch, type PacketMemory, type RetainedPacket } from "./batch.js";
export type { PcapLinkType } from "./capture.js";
export { describeFrame, describeIp } from "./describe.js";
export { BatchFeed } from "./feed.js";
export { PacketFilter } from "./filter.js";
export { type FrameHeaders, headersOf, type IpHeaders } from "./headers.js";
export { type PcapPacket, PcapReader } from "./pcap-reader.js";
export { PcapWriter } from "./pcap-writer.js";
export { type PcapngInterfaceOptions, type PcapngPacketOptions, PcapngWriter } from "./pcapng-writer.js";
export { BatchSubset } from "./subset.js";
