// The parts of one interconnect, on both sides.

import { familyOf, parsePrefix, rangeOf, widthOf } from "../../net/index.js";
import type { InterfaceLink, Marks, Subnet } from "../interconnect/index.js";
import {
  hashLetters,
  type Interconnect,
  macAddress,
  subnetsOf,
  vethName,
  vrfDeviceName,
} from "../interconnect/index.js";
import type { Facts, Part, VppInterface } from "../items/index.js";
import {
  addressesPart,
  featureMissing,
  hasGivenAddresses,
  hasOurMaster,
  hostAddressesPart,
  hostLinkPart,
  interfacePart,
  keyNumberOf,
  linkPart,
  memifSocketPart,
  proxyArpPart,
  proxyArpRangePart,
  proxyNdPart,
  tablePart,
  unnumberedPart,
  vethPart,
  vrfDevicePart,
} from "../items/index.js";
import { LEAST_MTU, LONGEST_MTU, type PuntRequest } from "../request/index.js";
import { handlerOf } from "./types.js";

export interface InterconnectContext {
  readonly facts: Facts;
  readonly marks: Marks;
  /** Returns the path of a CNF's namespace. */
  namespace(id: number): string;
  requestOf(user: string): PuntRequest | undefined;
  /** Returns the interface that linux-cp pairs with the interconnect, if it does. */
  pairedWith(interconnect: Interconnect): VppInterface | undefined;
}

/** Returns the parts of an interconnect. @throws Problem if this VPP cannot make it */
export function interconnectParts(interconnect: Interconnect, context: InterconnectContext): Part[] {
  const { link } = interconnect;
  if (link.form === "socket") return [];
  const lender = link.unnumberedTo === undefined ? undefined : context.facts.interface(link.unnumberedTo);
  // The interface of a HAIRPIN stands in for another one in VPP's IP stack, which would send longer packets than that one takes.
  const mtu = link.name === undefined ? link.mtu : mtuOf(interconnect, link, context);
  return [
    ...baseParts(interconnect, link, context),
    linkPart({ interface: interconnect.name, up: true, ...(mtu !== undefined && { mtu }) }),
    ...layer3Parts(interconnect, link, lender, context),
    ...(interconnect.type === "TAP" ? hostParts(interconnect, link, lender, context) : []),
  ];
}

export function vppMac({ name, macName = name, link }: Interconnect, { seed }: Marks): string {
  return (link as InterfaceLink).mac ?? macAddress(seed + macName, "vpp");
}

/** Returns the MAC address of the CNF's side. A TAP of linux-cp has that of the interface that it is paired with. */
export function cnfMac(interconnect: Interconnect, context: Pick<InterconnectContext, "pairedWith" | "marks">): string {
  return (
    context.pairedWith(interconnect)?.mac ??
    macAddress(context.marks.seed + (interconnect.macName ?? interconnect.name), "cnf")
  );
}

/** Returns the MTU of a TAP in Linux: the requested one, or that of the VPP interface whose packets it carries, so that none is too long. */
function mtuOf(
  interconnect: Interconnect,
  link: InterfaceLink,
  { requestOf, facts, pairedWith }: InterconnectContext,
): number | undefined {
  if (link.mtu !== undefined || pairedWith(interconnect)) return link.mtu;
  for (const user of interconnect.users) {
    const request = requestOf(user);
    const name = request && handlerOf(request).mtuFrom?.(request, interconnect.vppSelector);
    const mtu = name === undefined ? 0 : (facts.interface(name)?.mtu ?? 0);
    if (mtu >= LEAST_MTU) return Math.min(mtu, LONGEST_MTU);
  }
  return undefined;
}

function baseParts(interconnect: Interconnect, link: InterfaceLink, context: InterconnectContext): Part[] {
  if (interconnect.type === "MEMIF") return memifParts(interconnect, context);
  const paired = context.pairedWith(interconnect);
  const namespace = context.namespace(interconnect.netns!);
  if (paired) return [interfacePart({ via: "linux-cp", name: interconnect.name, paired: paired.id, namespace })];
  const { features, lacks } = context.facts;
  if (features.has("vhost-net") && features.has("tap")) return [tapPart(interconnect, link, context)];
  if (!features.has("af_packet"))
    throw featureMissing("af_packet", lacks, `, which stands in for a TAP: ${whyNoTap(features, lacks)}`);
  return vethParts(interconnect, link, context);
}

function whyNoTap(features: Facts["features"], lacks: Facts["lacks"]): string {
  return lacks.get(features.has("vhost-net") ? "tap" : "vhost-net")!.text;
}

function memifParts(
  { name, socket, secret, ...rest }: Interconnect,
  { facts: { features, lacks }, marks }: InterconnectContext,
): Part[] {
  if (!features.has("memif")) throw featureMissing("memif", lacks);
  const mac = vppMac({ name, ...rest }, marks);
  return [
    memifSocketPart(socket!),
    interfacePart({ via: "memif", name, mac, socket: socket!, secret: hashLetters(secret!, 7) }),
  ];
}

function tapPart(interconnect: Interconnect, { gso }: InterfaceLink, context: InterconnectContext): Part {
  const { name, netns } = interconnect;
  const macs = { mac: vppMac(interconnect, context.marks), cnfMac: cnfMac(interconnect, context) };
  return interfacePart({ via: "tap", name, ...macs, namespace: context.namespace(netns!), gso });
}

function vethParts(interconnect: Interconnect, link: InterfaceLink, context: InterconnectContext): Part[] {
  const { name } = interconnect;
  const namespace = keyNumberOf(interconnect.netns!, context.facts);
  const mtu = mtuOf(interconnect, link, context);
  const device = vethName(context.marks.machineMark, name);
  return [
    vethPart({ device, peer: name, peerMac: cnfMac(interconnect, context), namespace, mtu }),
    interfacePart({ via: "af_packet", name, mac: vppMac(interconnect, context.marks), device }),
  ];
}

function layer3Parts(
  interconnect: Interconnect,
  link: InterfaceLink,
  lender: VppInterface | undefined,
  context: InterconnectContext,
): Part[] {
  if (context.pairedWith(interconnect)) return [];
  if (lender)
    return [...lenderTables(interconnect.name, lender), ...borrowedParts(interconnect.name, lender, context.facts)];
  const own = ownAddresses(interconnect, link, context);
  const families = new Set([
    ...own.map((prefix) => familyOf(prefix.split("/")[0])!),
    ...(link.withDhcpClient ? ([4] as const) : []),
  ]);
  const tables =
    link.vrf === 0
      ? []
      : [...families].map((family) => tablePart({ interface: interconnect.name, family, table: link.vrf }));
  return own.length > 0 ? [...tables, addressesPart(interconnect.name, own)] : tables;
}

/** An interface can borrow addresses only from an interface in the same table. */
function lenderTables(name: string, { tables }: VppInterface): Part[] {
  const families = ([4, 6] as const).filter((family) => (tables?.[family] ?? 0) !== 0);
  return families.map((family) => tablePart({ interface: name, family, table: tables![family] }));
}

function borrowedParts(name: string, lender: VppInterface, { features }: Facts): Part[] {
  const prefixes = lender.addresses!.map((address) => parsePrefix(address)!);
  const ranges = prefixes
    .filter(({ family, length }) => family === 4 && length < widthOf(4))
    .map(rangeOf)
    .map(({ first, last }) => proxyArpRangePart({ table: lender.tables?.[4] ?? 0, low: first, high: last }));
  const answersNd = features.has("nd-proxy") && prefixes.some(({ family }) => family === 6);
  return [
    unnumberedPart(name, lender.id, lender.addresses!),
    ...ranges,
    ...(ranges.length > 0 ? [proxyArpPart(name)] : []),
    ...(answersNd ? [proxyNdPart(name)] : []),
  ];
}

/** Returns VPP's addresses: requested and allocated. */
function ownAddresses(interconnect: Interconnect, link: InterfaceLink, { marks }: InterconnectContext): string[] {
  return [...link.addresses, ...allocatedTo(interconnect, marks).map(({ vpp }) => vpp)];
}

function allocatedTo(interconnect: Interconnect, { pools }: Marks): Subnet[] {
  return subnetsOf(interconnect).map(([family, number]) => pools[family].subnet(number));
}

/** Returns the addresses of both sides that the manager gives. */
export function addressesOf(
  interconnect: Interconnect,
  lender: VppInterface | undefined,
  marks: Marks,
): { vpp: string[]; cnf: string[] } {
  const link = interconnect.link as InterfaceLink;
  const allocated = allocatedTo(interconnect, marks);
  const borrowed = link.unnumberedTo === undefined ? [] : [...(lender?.addresses ?? [])];
  return {
    vpp: [...link.addresses, ...allocated.map((subnet) => subnet.vpp)],
    cnf: [...borrowed, ...allocated.map((subnet) => subnet.cnf)],
  };
}

function hostParts(
  interconnect: Interconnect,
  link: InterfaceLink,
  lender: VppInterface | undefined,
  context: InterconnectContext,
): Part[] {
  if (context.facts.features.has("devices-inside")) return [];
  const { name } = interconnect;
  const netns = keyNumberOf(interconnect.netns!, context.facts);
  const vrf = link.vrf !== 0 && !link.withoutCnfVrf ? vrfDeviceName(link.vrf) : "";
  const isVeth = !context.facts.features.has("vhost-net");
  const own = {
    ...{ namespace: netns, name, up: true, mac: cnfMac(interconnect, context) },
    ...(isVeth && { checksumOffload: false }),
  };
  const isFree = vrf === "" && !hasOurMaster(netns, name, context.facts);
  const state = isFree ? own : { ...own, master: vrf };
  const given = addressesOf(interconnect, lender, context.marks).cnf;
  const mtu = mtuOf(interconnect, link, context);
  const givesAddresses =
    link.unnumberedTo !== undefined || link.subnets.length > 0 || hasGivenAddresses(netns, name, context.facts);
  return [
    ...(vrf === "" ? [] : [vrfDevicePart({ namespace: netns, name: vrf, table: link.vrf })]),
    hostLinkPart(mtu === undefined ? state : { ...state, mtu }),
    ...(givesAddresses ? [hostAddressesPart(netns, name, given)] : []),
  ];
}
