// The schemas of the punt types. They alone define a valid request; TypeScript types and JSON Schema follow from them.
import type * as z from "zod";
import { lazily, zod } from "../../lazily.js";
import { contains, type Family, isProtocolOfVpp, parsePrefix } from "../../net/index.js";
import { aclRule, familyOfProtocol } from "./acl-rule.js";
import { dependency } from "./dependency.js";
import {
  addressFamily,
  integer,
  interfaceAddress,
  LEAST_MTU,
  LONGEST_DEVICE_NAME,
  LONGEST_MTU,
  label,
  mac,
  netns,
  port,
  protocol,
  protocols,
  puntReason,
  socketPath,
  text,
  vppInterface,
  vrf,
  withoutCnfVrf,
} from "./fields.js";

/** Fields of every request. `(cnf, key, label)` is the identity. */
export const identity = lazily(() => ({
  cnf: label().describe("Label of the application that wants the packets"),
  key: text().default("").describe("The configuration item that the punt belongs to"),
  label: text().default("").describe("Distinguishes several punts of one item"),
  netns: netns().optional(),
  dependsOn: zod()
    .array(dependency())
    .max(64)
    .optional()
    .describe(
      "Things that the punt waits for, in addition to the needs of its type. `kind`: `interface`, `link-up`, `address` (one, or any), `interface-in-vrf` (of one family, or any), `vrf` (the table), `container` (`name` is such as `microservice:dns` or `container:web`)",
    ),
}));
/** TAP and MEMIF: interconnects that are interfaces. */
export const overInterface = lazily(() => ({
  interconnect: zod()
    .enum(["TAP", "MEMIF"], "TAP and MEMIF are the interconnects of this type")
    .default("TAP")
    .describe("TAP: a network device of Linux; MEMIF: shared memory"),
  enableGso: zod().boolean().default(false).describe("GSO on the TAP; MEMIF goes without"),
}));

const hairpinXconnect = lazily(() =>
  zod()
    .strictObject({
      type: zod().literal("HAIRPIN_XCONNECT"),
      ...identity(),
      ...overInterface(),
      vppInterface1: vppInterface(),
      vppInterface2: vppInterface(),
    })
    .refine(({ vppInterface1, vppInterface2 }) => vppInterface1 !== vppInterface2, {
      path: ["vppInterface2"],
      message: "is the same as vppInterface1",
    }),
);

function isDistinct(prefixes: readonly string[]): boolean {
  return new Set(prefixes.map((text) => text.split("/")[0])).size === prefixes.length;
}

/** VPP refuses an address in the subnet of another one of the interface, unless both prefixes have one length. */
function isWithoutOverlap(prefixes: readonly string[]): boolean {
  const parsed = prefixes.flatMap((text) => parsePrefix(text) ?? []);
  return parsed.every((one) =>
    parsed.every(
      (other) => one.length >= other.length || one.address === other.address || !contains(one, other.address),
    ),
  );
}

const hairpinInterface = lazily(() =>
  zod().strictObject({
    name: vppInterface().describe("Name of the new interface, on both sides"),
    physAddress: mac().optional().describe("MAC address of VPP's side"),
    ipAddresses: zod()
      .array(interfaceAddress())
      .refine(isDistinct, "has an address twice")
      .refine(isWithoutOverlap, "has an address in the subnet of another one, with a longer prefix: VPP refuses it")
      .default([])
      .describe("Addresses of VPP's side, each with its prefix length"),
    vrf: vrf().default(0),
    withDhcpClient: zod().boolean().default(false).describe("VPP's side gets its IPv4 address by DHCP"),
    mtu: integer(64, 65535).optional().describe("MTU of both sides, in bytes. Default: that of vppInterface"),
  }),
);

/** Linux refuses these for a new device, or each namespace has it already. It reads % as a place for a number. */
const NOT_OF_DEVICES = [".", "..", "all", "default", "lo"];

const hairpin = lazily(() =>
  zod()
    .strictObject({
      type: zod().literal("HAIRPIN"),
      ...identity(),
      ...overInterface(),
      vppInterface: vppInterface(),
      hairpinInterface: hairpinInterface().describe("The new interface between the CNF and VPP's IP stack"),
    })
    .refine(({ interconnect, hairpinInterface: { name } }) => interconnect !== "TAP" || isDeviceName(name), {
      path: ["hairpinInterface", "name"],
      message: `names a Linux device as well: at most ${LONGEST_DEVICE_NAME} characters, no '/', ':' or '%', and not ${NOT_OF_DEVICES.join(", ")}`,
    })
    .refine(({ hairpinInterface: { name }, vppInterface: attached }) => name !== attached, {
      path: ["hairpinInterface", "name"],
      message: "is the same as vppInterface",
    })
    .refine(({ interconnect, hairpinInterface: { mtu } }) => interconnect !== "TAP" || isDeviceMtu(mtu), {
      path: ["hairpinInterface", "mtu"],
      message: `is a Linux device's as well: a number from ${LEAST_MTU} to ${LONGEST_MTU}`,
    }),
);

function isDeviceMtu(mtu: number | undefined): boolean {
  return mtu === undefined || (mtu >= LEAST_MTU && mtu <= LONGEST_MTU);
}

function isDeviceName(name: string): boolean {
  const isShort = Buffer.byteLength(name) <= LONGEST_DEVICE_NAME;
  return isShort && /^[^/:%\s\0]+$/.test(name) && !NOT_OF_DEVICES.includes(name);
}

const span = lazily(() =>
  zod().strictObject({
    type: zod().literal("SPAN"),
    ...identity(),
    ...overInterface(),
    vppInterface: vppInterface(),
    direction: zod()
      .enum(["rx", "tx", "both"])
      .default("both")
      .describe("rx copies the packets that the interface receives, tx the packets that it sends"),
  }),
);

const abx = lazily(() =>
  zod()
    .strictObject({
      type: zod().literal("ABX"),
      ...identity(),
      ...overInterface(),
      vppInterface: vppInterface(),
      vrf: vrf().default(0),
      withoutCnfVrf: withoutCnfVrf().default(false),
      ingressAclRules: zod()
        .array(aclRule())
        .max(10_000)
        .default([])
        .describe("Packets that the interface receives go to the CNF if they match a rule"),
      egressAclRules: zod()
        .array(aclRule())
        .max(10_000)
        .default([])
        .describe(
          "Packets of the CNF leave by the interface if they match a rule, with the MAC addresses that the CNF gave them. VPP routes all others",
        ),
    })
    .refine(({ ingressAclRules, egressAclRules }) => ingressAclRules.length + egressAclRules.length > 0, {
      path: ["ingressAclRules"],
      message: "must have a rule, here or in egressAclRules: without one nothing is punted",
    }),
);

const isisx = lazily(() =>
  zod().strictObject({
    type: zod().literal("ISISX"),
    ...identity(),
    ...overInterface(),
    vppInterface: vppInterface(),
    vrf: vrf().default(0),
    withoutCnfVrf: withoutCnfVrf().default(false),
  }),
);

const dhcpProxy = lazily(() =>
  zod().strictObject({
    type: zod().literal("DHCP_PROXY"),
    ...identity(),
    ...overInterface(),
    vrf: vrf().default(0),
    withoutCnfVrf: withoutCnfVrf().default(false),
    families: zod()
      .array(addressFamily())
      .refine((all) => new Set(all).size === all.length, "has a family twice")
      .default(["IPV4"])
      .describe("DHCP (IPV4), DHCPv6 (IPV6) or both"),
  }),
);

function force(what: string) {
  const text = `${what} that VPP handles itself. VPP cannot handle it again until it restarts`;
  return zod().literal(true, "true, or left out").optional().describe(text);
}

/** Echo requests and replies, router and neighbor discovery. */
const ICMPV6_OF_VPP = [128, 129, 133, 134, 135, 136];

const toHost = lazily(() =>
  zod()
    .strictObject({
      af: zod().enum(["IPV4", "IPV6", "BOTH"]).describe("BOTH: packets of both families, under one identity"),
      protocol: zod()
        .enum(["UDP", "ICMPv6"], "must be UDP or ICMPv6: VPP punts no other protocol to the host")
        .describe("ICMPv6 goes with IPV6"),
      port: port().describe("UDP port, or ICMPv6 type"),
      force: force("Take a UDP port or an ICMPv6 type"),
    })
    .refine(({ protocol: name, af }) => name === "UDP" || af === "IPV6", { path: ["af"], message: "ICMPv6 is IPV6" })
    .refine(({ protocol: name, port: number }) => name === "UDP" || number <= 0xff, {
      path: ["port"],
      message: "an ICMPv6 type is at most 255",
    })
    .refine(({ port: number }) => number !== 0xffff, { path: ["port"], message: "VPP takes 65535 for no port" })
    .refine(({ protocol: name, port: number, force }) => name === "UDP" || force || !ICMPV6_OF_VPP.includes(number), {
      path: ["port"],
      message: `must not be a type that VPP handles itself (echo and neighbor discovery: ${ICMPV6_OF_VPP.join(", ")}): VPP could not handle it again until it restarts; force: true takes it anyway`,
    }),
);
const ipProto = lazily(() =>
  zod()
    .strictObject({
      af: addressFamily().describe("The address family of the packets"),
      protocol: protocol().describe("IP protocol, by number or name"),
      force: force("Take a protocol"),
    })
    .refine(({ protocol: number }) => number !== protocols.ANY && isProtocolOfVpp(number), {
      path: ["protocol"],
      message: "must be one protocol that VPP knows: not 61, 63, 68, 99, 114 and 144 to 252",
    })
    .refine(({ af, protocol: number }) => (familyOfProtocol(number) ?? familyNumber(af)) === familyNumber(af), {
      path: ["protocol"],
      message: "is of the other address family",
    })
    .refine(({ protocol: number, force }) => force || !OF_VPP.has(number), {
      path: ["protocol"],
      message:
        "must not be a protocol that VPP handles itself (ICMP, ICMPV6, TCP, UDP): VPP could not handle it again until it restarts; force: true takes it anyway",
    }),
);

/** Protocols that VPP's own nodes handle. After such a punt is deleted, VPP has no handler for the protocol. */
const OF_VPP: ReadonlySet<number> = new Set([protocols.ICMP, protocols.ICMPV6, protocols.TCP, protocols.UDP]);

function familyNumber(af: "IPV4" | "IPV6"): Family {
  return af === "IPV4" ? 4 : 6;
}

const exception = lazily(() =>
  zod().strictObject({ reason: puntReason().describe("A name that `show punt reasons` of VPP lists") }),
);

const puntToSocket = lazily(() =>
  zod()
    .strictObject({
      type: zod().literal("PUNT_TO_SOCKET"),
      ...identity(),
      interconnect: zod()
        .literal("AF_UNIX", "AF_UNIX is the interconnect of this type")
        .default("AF_UNIX")
        .describe("VPP sends datagrams to a socket"),
      toHost: toHost()
        .optional()
        .describe(
          "Packets to VPP's own addresses, by UDP port or ICMPv6 type. A request has toHost, ipProto or exception",
        ),
      ipProto: ipProto().optional().describe("Packets to VPP's own addresses, by IP protocol"),
      exception: exception().optional().describe("Packets that VPP gives up, by its reason"),
      socketPath: socketPath().describe(
        "Path of the CNF's datagram socket. Required without a daemon, which chooses one",
      ),
    })
    .refine((request) => [request.toHost, request.ipProto, request.exception].filter(Boolean).length === 1, {
      path: ["toHost"],
      message: "exactly one of toHost, ipProto and exception must be given",
    }),
);

/** The schemas of all types of the package. */
export const typeSchemas = lazily(
  () => [hairpinXconnect(), hairpin(), span(), abx(), puntToSocket(), dhcpProxy(), isisx()] as const,
);

export type HairpinXconnectRequest = z.output<ReturnType<typeof hairpinXconnect>>;
export type HairpinRequest = z.output<ReturnType<typeof hairpin>>;
export type SpanRequest = z.output<ReturnType<typeof span>>;
export type AbxRequest = z.output<ReturnType<typeof abx>>;
export type IsisxRequest = z.output<ReturnType<typeof isisx>>;
export type DhcpProxyRequest = z.output<ReturnType<typeof dhcpProxy>>;
export type PuntToSocketRequest = z.output<ReturnType<typeof puntToSocket>>;
export type NetnsRef = z.output<ReturnType<typeof netns>>;
