// The data plane of the embedded VPP, in rooms as VPP's vnet.
export type { Acl, AclRule } from "./acl/index.js";
export { DataPlane } from "./dataplane.js";
export { DhcpClient, type DhcpLease, type DhcpProxy } from "./dhcp/index.js";
export {
  FIB_SOURCE_IDS,
  FIB_SOURCES,
  FibEntry,
  type FibPath,
  type FibPathKind,
  type FibSource,
  FibTable,
  fibPath,
  IpTables,
  samePath,
} from "./fib/index.js";
export { type Device, type InterfaceCounters, SwInterface, TRACED_NODES } from "./interface/index.js";
export type { LcpPair } from "./linux-cp/index.js";
export type { PuntRegistration, PuntTransport } from "./punt/index.js";
export {
  type Address,
  type AddressFamily,
  BROADCAST4,
  familyOf,
  formatAddress,
  formatPrefix,
  isMulticast,
  maxPrefixLength,
  NO_INTERFACE,
  type NodeCounter,
  Packet,
  parseAddress,
  parseMac,
  parsePrefix,
  randomMac,
  UNSPECIFIED6,
} from "./vlib/index.js";
