// The objects of punts in VPP and in Linux.

export { abfAttachPart, abfPolicyPart, isTakenPolicy } from "./abf.js";
export { abxAttachPart, abxPolicyPart } from "./abx.js";
export { aclPart, type VppAclRule } from "./acl.js";
export { addressesPart, withAddresses } from "./addresses.js";
export { outgrown, readTapMacs, type Take, type TapMacs, takesFor } from "./adoption.js";
export { dhcpClientPart } from "./dhcp-client.js";
export { dhcpProxyKeyPrefix, dhcpProxyPart } from "./dhcp-proxy.js";
export {
  type Facts,
  type Feature,
  foreignOf,
  interfaceFinder,
  keyNumberOf,
  type Seen,
  tableKey,
  type VppInterface,
} from "./facts.js";
export {
  FEATURE_NEEDS,
  type FeatureNeeds,
  type FeatureReport,
  featureReports,
  type Lack,
  lackOf,
  type Versions,
  VPP_FEATURES,
  type VppFeature,
} from "./features.js";
export { hasGivenAddresses, hasOurMaster, hostAddressesPart, hostLinkKey, hostLinkPart } from "./host-link.js";
export { interfacePart, isLinkUp, isUp, observeInterfaces } from "./interface.js";
export { createAfPacket } from "./interface-af-packet.js";
export { MEMIF_ID } from "./interface-memif.js";
export { tapFields } from "./interface-tap.js";
export { isisxPart } from "./isisx.js";
export { differences, type Item, type Part, satisfies } from "./item.js";
export {
  type ActContext,
  type DeviceWays,
  goneId,
  goneIndex,
  interfaceKey,
  isInDoubt,
  type Kind,
  type ObserveContext,
  OLD_CLAIM,
  type ReadContext,
  type Surroundings,
} from "./kind.js";
export type { KindName } from "./kind-names.js";
export { kindOf, kinds } from "./kinds.js";
export { linkPart } from "./link.js";
export { type LocalHandlers, observeLocalHandlers } from "./local-handlers.js";
export { memifSocketPart } from "./memif-socket.js";
export { knownNeighborPart, neighborPart } from "./neighbor.js";
export { type Note, type Notes, readNote } from "./note.js";
export { osiProtoPart } from "./osi-proto.js";
export { featureMissing, type Missing, Problem } from "./problem.js";
export { proxyArpPart, proxyArpRangePart } from "./proxy-arp.js";
export { proxyNdPart } from "./proxy-nd.js";
export {
  idlePuntSocket,
  injectPathOf,
  isNoteOfVpp,
  localHandlerOf,
  type PuntTarget,
  puntSocketPart,
  puntTargetKey,
  targetUse,
} from "./punt-socket.js";
export { spanPart } from "./span.js";
export { tablePart, withTable } from "./table.js";
export { unnumberedPart } from "./unnumbered.js";
export { vethPart } from "./veth.js";
export { ALL_INTERFACES, type MessageName, NO_INDEX, type VppApi } from "./vpp-api.js";
export { hiddenBy, vrfDevicePart, withVrfDevices } from "./vrf-device.js";
export { xconnectKey, xconnectPart } from "./xconnect.js";
