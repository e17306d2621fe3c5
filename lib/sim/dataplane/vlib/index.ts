// The ground of the data plane: packets, the graph of nodes, feature arcs, addresses.
export {
  type Address,
  type AddressFamily,
  BROADCAST4,
  covers,
  familyOf,
  formatAddress,
  formatPrefix,
  isLinkLocal6,
  isMulticast,
  linkLocalOf,
  maskAddress,
  maxPrefixLength,
  multicastMac,
  parseAddress,
  parseMac,
  parsePrefix,
  randomMac,
  readAddress,
  readIp4,
  readIp6,
  UNSPECIFIED6,
  writeAddress,
} from "./address.js";
export { Arcs } from "./arcs.js";
export { checksum, equalBytes, setU16, setU32, u16, u32 } from "./bytes.js";
export { FeatureArc } from "./feature-arc.js";
export { Graph, GraphNode, type NodeCounter } from "./graph.js";
export { ETHERNET_HEADER, NO_INTERFACE, Packet } from "./packet.js";
export { Pool } from "./pool.js";
export { PacketTrace, Tracer } from "./tracer.js";
