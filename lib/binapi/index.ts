// The front door of the binary API: the client, its definitions, its transports and VPP's statistics.

/**
 * The typed client of VPP's binary API, and VPP's counters.
 *
 * @module vpp-punt/binapi
 */

export { DEFAULT_STATS_SOCKET } from "../default-sockets.js";
export type { ApiJson, RawDefinition, RawService } from "./api-json.js";
export type { BackoffOptions } from "./backoff.js";
export { BUILTIN_RELEASES, NEWEST_RELEASE, type Release } from "./builtin.js";
export type * from "./builtin-messages.js";
export { type SubscribeOptions, Vpp, type VppEvents, type VppOptions } from "./client.js";
export { Reader, Writer } from "./cursor.js";
export type { EnumDef, FieldDef, MessageDef, ServiceDef, TypeDef, TypeLookup } from "./definitions.js";
export { apiErrorName, isVnetErrorName, VNET_ERRORS, type VnetErrorName } from "./errno.js";
/** @internal */
export { FRAME_HEADER, frameLength, writeFrameHeader } from "./frame.js";
export { type GenerateOptions, generateTypes } from "./generate.js";
/** @internal */
export { InQueue } from "./in-queue.js";
/** @internal */
export { IP_PROTO_NUMBERS } from "./ip-proto.js";
export { Message, type MessageHeader, type MessageValue } from "./message.js";
export type { RequestOptions } from "./options.js";
export { Schema } from "./schema.js";
export { DEFAULT_API_FOLDER, type SchemaSource } from "./schema-source.js";
export { DEFAULT_SOCKET_PATH, SocketTransport, type SocketTransportOptions } from "./socket-transport.js";
export {
  type CombinedStat,
  type HistogramStat,
  type NamesStat,
  type RingContents,
  type RingStat,
  type RingThread,
  type ScalarStat,
  type SimpleStat,
  type Stat,
  type StatsPattern,
  type UnknownStat,
  VppStats,
} from "./stats/index.js";
export type { Subscription } from "./subscription.js";
export { type TraceRecord, traceLine } from "./trace.js";
export type { Link, LinkHandler, Transport } from "./transport.js";
// With `*`, so that a user's module can add to the interfaces.
export type * from "./typed.js";
export { VapiTransport, type VapiTransportOptions } from "./vapi-transport.js";
