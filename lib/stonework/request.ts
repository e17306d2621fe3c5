// Translates StoneWork's punt requests into ours and back.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { PuntError } from "../errors.js";
import { IP_PROTOCOL } from "../net/index.js";
import type { PuntRequest as OwnRequest, PuntRequestInput } from "../punt/index.js";
import type {
  ACL_Rule_IpRule,
  ACL_Rule_IpRule_Icmp_Range,
  ACL_Rule_IpRule_PortRange,
  ACL_Rule_IpRuleSchema,
} from "./gen/ligato/vpp/acl/acl_pb.js";
import { L3Protocol, L4Protocol } from "./gen/ligato/vpp/punt/punt_pb.js";
import {
  PuntRequest_InterconnectType as InterconnectType,
  type PuntRequest,
  type PuntRequest_Abx,
  type PuntRequest_Hairpin,
  type PuntRequest_PuntToSocket,
  PuntRequestSchema,
  PuntRequest_PuntType as PuntType,
} from "./gen/puntmgr/puntmgr_pb.js";

/** The identity of the punts that a request of StoneWork's stands for. */
export interface Identity {
  /** The CNF's microservice label. */
  readonly cnf: string;
  /** Key of the configuration item. */
  readonly key: string;
}

type AclRuleInput = NonNullable<(PuntRequestInput & { type: "ABX" })["ingressAclRules"]>[number];

/**
 * Translates one request. NO_PUNT gives undefined. A field of value zero is not set, as proto3 has it.
 *
 * @throws PuntError ERR_INVALID_REQUEST: the request has no configuration, or one of another type
 */
export function requestFromWire(request: PuntRequest, { cnf, key }: Identity): PuntRequestInput | undefined {
  if (request.puntType === PuntType.NO_PUNT) return undefined;
  const own = ownRequest(request);
  if (own === undefined) throw mismatch(request, cnf, key);
  return { cnf, key, label: request.label, ...own } as PuntRequestInput;
}

/** Returns the part of the request that its type says. */
function ownRequest(request: PuntRequest): object | undefined {
  const { config } = request;
  const type = PuntType[request.puntType];
  const over = overInterface(request);
  switch (config.case) {
    case "hairpinXConnect": {
      const { vppInterface1, vppInterface2 } = config.value;
      return type === "HAIRPIN_XCONNECT" ? { type, ...over, vppInterface1, vppInterface2 } : undefined;
    }
    case "hairpin":
      return type === "HAIRPIN" ? { type, ...over, ...hairpin(config.value) } : undefined;
    case "span":
      return type === "SPAN" ? { type, ...over, vppInterface: config.value.vppInterface } : undefined;
    case "abx":
      return type === "ABX" ? { type, ...over, ...abx(config.value) } : undefined;
    case "puntToSocket":
      return type === "PUNT_TO_SOCKET" ? { type, ...puntToSocket(config.value) } : undefined;
    case "dhcpProxy":
      return type === "DHCP_PROXY" ? { type, ...over, ...inVrf(config.value) } : undefined;
    case "isisx":
      return type === "ISISX"
        ? { type, ...over, vppInterface: config.value.vppInterface, ...inVrf(config.value) }
        : undefined;
    default:
      return undefined;
  }
}

/** GSO is ignored for a memif, as StoneWork ignores it. A number without a name is left for the check to refuse. */
function overInterface({ interconnectType, enableGso }: PuntRequest): object {
  const interconnect = InterconnectType[interconnectType] ?? `${interconnectType}`;
  return { interconnect, ...(enableGso && interconnect === "TAP" && { enableGso }) };
}

function inVrf({ vrf, withoutCnfVrf }: { vrf: number; withoutCnfVrf: boolean }): object {
  return { vrf, withoutCnfVrf };
}

function hairpin({ vppInterface, hairpinInterface }: PuntRequest_Hairpin): object {
  const {
    name = "",
    physAddress = "",
    ipAddresses = [],
    vrf = 0,
    withDhcpClient = false,
    mtu = 0,
  } = hairpinInterface ?? {};
  const optional = { ...(physAddress !== "" && { physAddress }), ...(mtu !== 0 && { mtu }) };
  return { vppInterface, hairpinInterface: { name, ipAddresses, vrf, withDhcpClient, ...optional } };
}

function abx({ vppInterface, ingressAclRules, egressAclRules, ...rest }: PuntRequest_Abx): object {
  return {
    vppInterface,
    ...inVrf(rest),
    ingressAclRules: ingressAclRules.map(rule),
    egressAclRules: egressAclRules.map(rule),
  };
}

/** Translates an access list's rule. Protocol 0 beside a tcp, udp or icmp part is that part's protocol. */
function rule({ ip, icmp, tcp, udp }: ACL_Rule_IpRule): AclRuleInput {
  const networks = { sourceNetwork: ip?.sourceNetwork ?? "", destinationNetwork: ip?.destinationNetwork ?? "" };
  const implied = impliedProtocol(icmp?.icmpv6, tcp !== undefined, udp !== undefined);
  const protocol = ip?.protocol || implied;
  const ports = tcp ?? udp;
  return {
    ...networks,
    protocol,
    ...portRange("sourcePort", ports?.sourcePortRange),
    ...portRange("destinationPort", ports?.destinationPortRange),
    ...icmpRange("icmpType", icmp?.icmpTypeRange),
    ...icmpRange("icmpCode", icmp?.icmpCodeRange),
    ...(tcp?.tcpFlagsMask && { tcpFlags: { mask: tcp.tcpFlagsMask, value: tcp.tcpFlagsValue } }),
  };
}

function impliedProtocol(icmpv6: boolean | undefined, tcp: boolean, udp: boolean): number {
  if (icmpv6 !== undefined) return icmpv6 ? IP_PROTOCOL.ICMPV6 : IP_PROTOCOL.ICMP;
  if (tcp) return IP_PROTOCOL.TCP;
  return udp ? IP_PROTOCOL.UDP : 0;
}

/** Ports from 0 to 0 are not set, and all ports are not a condition. */
function portRange(field: string, range: ACL_Rule_IpRule_PortRange | undefined): object {
  const { lowerPort: first, upperPort: last } = range ?? { lowerPort: 0, upperPort: 0 };
  return first === 0 && (last === 0 || last === 0xffff) ? {} : { [field]: { first, last } };
}

/** 0 is a type of ICMP (echo reply) and the commonest code: a range that is there counts. */
function icmpRange(field: string, range: ACL_Rule_IpRule_Icmp_Range | undefined): object {
  if (range === undefined || (range.first === 0 && range.last === 0xff)) return {};
  return { [field]: { first: range.first, last: range.last } };
}

function puntToSocket({ config }: PuntRequest_PuntToSocket): object | undefined {
  if (config.case === "exception") {
    const { reason, socketPath } = config.value;
    return { interconnect: "AF_UNIX", exception: { reason }, socketPath };
  }
  if (config.case !== "toHost") return undefined;
  const { l3Protocol, l4Protocol, port, socketPath } = config.value;
  const af = l3Protocol === L3Protocol.ALL ? "BOTH" : L3Protocol[l3Protocol];
  return { interconnect: "AF_UNIX", toHost: { af, protocol: L4Protocol[l4Protocol], port }, socketPath };
}

function mismatch(request: PuntRequest, cnf: string, key: string): PuntError {
  const type = PuntType[request.puntType] ?? request.puntType;
  const has = request.config.case === undefined ? "no configuration" : `the configuration ${request.config.case}`;
  const text = `the request ${request.label || "without a label"} of ${cnf} for ${key} is of type ${type} and has ${has}`;
  return new PuntError("stonework.request", "ERR_INVALID_REQUEST", text, { cnf, key, label: request.label });
}

/**
 * Translates one of our requests into StoneWork's form.
 *
 * @throws PuntError ERR_INVALID_REQUEST: StoneWork has no word for it
 */
export function requestToWire(request: OwnRequest): PuntRequest {
  const config = configOf(request);
  if (config === undefined) throw inexpressible(request);
  const enableGso = "enableGso" in request && request.enableGso;
  return create(PuntRequestSchema, {
    label: request.label,
    puntType: PuntType[request.type],
    interconnectType: InterconnectType[request.interconnect],
    enableGso,
    config,
  });
}

type ConfigInit = NonNullable<MessageInitShape<typeof PuntRequestSchema>["config"]>;

function configOf(request: OwnRequest): ConfigInit | undefined {
  switch (request.type) {
    case "HAIRPIN_XCONNECT":
      return { case: "hairpinXConnect", value: request };
    case "HAIRPIN":
      return { case: "hairpin", value: hairpinToWire(request) };
    case "SPAN":
      return request.direction === "both" ? { case: "span", value: request } : undefined;
    case "ABX":
      return {
        case: "abx",
        value: {
          ...request,
          ingressAclRules: request.ingressAclRules.map(ruleToWire),
          egressAclRules: request.egressAclRules.map(ruleToWire),
        },
      };
    case "DHCP_PROXY":
      return request.families.join() === "IPV4" ? { case: "dhcpProxy", value: request } : undefined;
    case "ISISX":
      return { case: "isisx", value: request };
    case "PUNT_TO_SOCKET":
      return socketToWire(request);
  }
}

function hairpinToWire({ vppInterface, hairpinInterface }: OwnRequest & { type: "HAIRPIN" }) {
  const { physAddress = "", mtu = 0, ...rest } = hairpinInterface;
  return { vppInterface, hairpinInterface: { ...rest, physAddress, mtu } };
}

type OwnRule = (OwnRequest & { type: "ABX" })["ingressAclRules"][number];

function ruleToWire(own: OwnRule): MessageInitShape<typeof ACL_Rule_IpRuleSchema> {
  const { sourceNetwork, destinationNetwork, protocol, sourcePort, destinationPort, icmpType, icmpCode, tcpFlags } =
    own;
  const ip = { sourceNetwork, destinationNetwork, protocol };
  // Without a range StoneWork's agent fails, so that everything is said.
  const ports = { sourcePortRange: portsToWire(sourcePort), destinationPortRange: portsToWire(destinationPort) };
  if (protocol === IP_PROTOCOL.TCP)
    return { ip, tcp: { ...ports, tcpFlagsMask: tcpFlags?.mask ?? 0, tcpFlagsValue: tcpFlags?.value ?? 0 } };
  if (protocol === IP_PROTOCOL.UDP) return { ip, udp: ports };
  if (protocol !== IP_PROTOCOL.ICMP && protocol !== IP_PROTOCOL.ICMPV6) return { ip };
  const any = { first: 0, last: 0xff };
  const icmpv6 = protocol === IP_PROTOCOL.ICMPV6;
  return { ip, icmp: { icmpv6, icmpTypeRange: icmpType ?? any, icmpCodeRange: icmpCode ?? any } };
}

function portsToWire(ports: OwnRule["sourcePort"]): { lowerPort: number; upperPort: number } {
  return { lowerPort: ports?.first ?? 0, upperPort: ports?.last ?? 0xffff };
}

function socketToWire(request: OwnRequest & { type: "PUNT_TO_SOCKET" }): ConfigInit | undefined {
  const { toHost, exception, socketPath } = request;
  if (exception !== undefined)
    return { case: "puntToSocket", value: { config: { case: "exception", value: { ...exception, socketPath } } } };
  if (toHost?.protocol !== "UDP") return undefined;
  const l3Protocol = toHost.af === "BOTH" ? L3Protocol.ALL : L3Protocol[toHost.af];
  const value = { l3Protocol, l4Protocol: L4Protocol.UDP, port: toHost.port, socketPath };
  return { case: "puntToSocket", value: { config: { case: "toHost", value } } };
}

function inexpressible(request: OwnRequest): PuntError {
  const text = `StoneWork has no form for this ${request.type}: it knows SPAN in both directions, DHCP_PROXY of IPv4, and PUNT_TO_SOCKET of UDP ports and exceptions`;
  return new PuntError("stonework.request", "ERR_INVALID_REQUEST", text, { request });
}
