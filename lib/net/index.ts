// Addresses and protocol numbers: the one place that turns them into text and back.
export { type Family, formatIp4, formatIp6, parseIp4, parseIp6 } from "./address.js";
export { u16 } from "./bytes.js";
export { checksumOf, sumWords } from "./checksum.js";
export { hostPort, parseHostPort } from "./host-port.js";
export { type MacTable, macOf, wholeFrame } from "./link-header.js";
export { formatMac, type InterfaceMac, interfaceMacs, isNoMac, macBytes, parseMac, withoutEthernet } from "./mac.js";
export { pemProblem } from "./pem.js";
export {
  canonicalAddress,
  contains,
  familyOf,
  formatPrefix,
  fromNumber,
  networkOf,
  type Prefix,
  parseNetwork,
  parsePrefix,
  rangeOf,
  toNumber,
  widthOf,
} from "./prefix.js";
export {
  ETHERTYPE,
  IP_PROTOCOL,
  IP6_EXTENSION,
  isProtocolOfVpp,
  isTagOfVpp,
  isVlanTag,
  LARGEST_802_3_LENGTH,
} from "./protocols.js";
