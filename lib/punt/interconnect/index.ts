// Interconnects as data: links, names, marks, subnets and namespaces.

export { type Subnet, SubnetPool } from "./allocate.js";
export { type Interconnect, interconnectKey, keyOf, subnetsOf } from "./interconnect.js";
export { type InterfaceLink, interfaceLink, type Link, type Need, sameLink } from "./link.js";
export {
  DEFAULT_OWNER,
  defaultMemifDirectory,
  isOurMemifSocket,
  isOurPolicy,
  isOurPuntSocket,
  type Marks,
  marksFor,
  policyId,
  puntSocketPath,
  STONEWORK_ACL,
  STONEWORK_POLICIES,
} from "./marks.js";
export {
  firstFree,
  fnv1a,
  hashLetters,
  interfaceName,
  isInterfaceName,
  isVethName,
  type LinkKind,
  macAddress,
  vethName,
  vrfDeviceName,
  vrfDevicePattern,
} from "./names.js";
export { type Found, type KnownNamespace, Namespaces } from "./namespaces.js";
