// PUNT_TO_SOCKET: packets of one kind to a datagram socket.
import { IP_PROTOCOL } from "../../net/index.js";
import {
  type Facts,
  idlePuntSocket,
  type Part,
  Problem,
  type PuntTarget,
  puntSocketPart,
  puntTargetKey,
  type Seen,
  targetUse,
} from "../items/index.js";
import type { PuntToSocketRequest } from "../request/index.js";
import { DHCP_SERVER_PORTS, dhcpPortKeys, isDhcpPort } from "./dhcp-ports.js";
import type { Caveat, ExclusiveKey, PortReach, TypeHandler } from "./handler.js";
import { socketTaking } from "./socket-taking.js";

/** Packets of one kind from any interface go to a datagram socket. */
export const puntToSocket: TypeHandler<PuntToSocketRequest> = {
  multiplexes: false,

  needs: (request) => [
    { vppSelector: `vpp/punt-to-socket/${selectorOf(request)}`, link: { form: "socket", path: request.socketPath } },
  ],

  reach: ({ toHost, socketPath }) => ({ interfaces: [], ports: [portsOf(toHost)], socketPath }),

  // VPP's key of an L4 punt is family and port, without the protocol: UDP port N and ICMPv6 type N share an entry.
  exclusiveKeys: (request) => [
    ...targetsOf(request).map((target): ExclusiveKey => ({ key: `vpp/${puntTargetKey(target)}` })),
    ...dhcpPortsOf(request),
  ],

  missing(request, facts) {
    const reason = request.exception?.reason;
    if (reason === undefined || facts.puntReasons.has(reason)) return [];
    return [{ kind: "punt-reason", name: reason, text: `punt reason ${reason} in VPP` }];
  },

  items(request, _interconnects, { facts }) {
    const { toHost } = request;
    const proxy = toHost && isDhcpPort(toHost) && proxyOf(familiesOf(toHost.af), facts);
    if (proxy && taken(request, facts).length === 0) {
      const text = `VPP's DHCP proxy ${proxy.key} uses UDP port ${toHost.port}, and would lose it for good`;
      throw new Problem(puntTargetKey(targetsOf(request)[0]!), "ERR_CONFLICT", text);
    }
    return registrations(request, facts);
  },

  takes: (request, frame, facts) => ({ stage: "local", ...socketTaking(request, frame, facts) }),

  readsLocalHandlers: ({ toHost, ipProto }) =>
    ipProto !== undefined ? "ipProtocols" : toHost?.protocol === "UDP" ? "udpPorts" : undefined,

  readsMulticast: (request) => groupsOf(request).length > 0 || isForBroadcast(request),

  caveats: (request, facts) => [
    ...takenCaveats(request, facts),
    ...multicastCaveats(request, facts),
    ...broadcastCaveats(request, facts),
  ],
};

function multicastCaveats(request: PuntToSocketRequest, { multicastRoutes }: Facts): Caveat[] {
  const lacking = groupsOf(request).filter((group) => multicastRoutes?.includes(`${group}/`) === false);
  if (lacking.length === 0) return [];
  const text = `VPP receives multicast only with routes for its groups, and lacks ${lacking.join(", ")}: unicast comes, packets to these groups do not`;
  const remedies = lacking.map((group) => {
    const add = `vppctl ${group.includes(":") ? "ip6" : "ip"} mroute add ${group}`;
    return `${add} via <interface> Accept, and ${add} via local Forward`;
  });
  return [{ code: "MULTICAST_ROUTE", text, remedy: remedies.join("; "), degrades: true }];
}

/** DHCP clients without an address ask by broadcast, which VPP drops unless a route says otherwise. */
function broadcastCaveats(request: PuntToSocketRequest, { broadcastRoutes }: Facts): Caveat[] {
  if (!isForBroadcast(request) || broadcastRoutes === undefined) return [];
  if (/forwarding:.*dpo-receive/s.test(broadcastRoutes)) return [];
  const text = "VPP drops packets to 255.255.255.255: DHCP clients without an address are not heard, relays are";
  return [
    { code: "BROADCAST_ROUTE", text, remedy: "vppctl ip route add 255.255.255.255/32 via local", degrades: true },
  ];
}

interface Taken {
  readonly target: PuntTarget;
  readonly node: string;
  readonly text: string;
}

/** Returns the UDP ports and protocols that a node of VPP handles. `force` takes them, and takes them back. */
function handledByVpp(request: PuntToSocketRequest, facts: Facts): Taken[] {
  if (isForced(request)) return [];
  return targetsOf(request).flatMap((target) => {
    const use = targetUse(facts, target);
    return typeof use === "string" ? [] : [{ target, node: use.node, text: targetText(target) }];
  });
}

function isForced({ toHost, ipProto }: PuntToSocketRequest): boolean {
  return (toHost ?? ipProto)?.force === true;
}

function targetText(target: PuntTarget): string {
  if (target.type === "l4") return `${target.af} UDP port ${target.port}`;
  return target.type === "ip-proto" ? `${target.af} protocol ${target.protocol}` : target.reason;
}

/** Returns the ports and protocols that VPP gave to another node after our registration. */
function taken(request: PuntToSocketRequest, facts: Facts): Taken[] {
  return handledByVpp(request, facts).filter(({ target }) => idlePuntSocket(target, facts));
}

/** @throws Problem `ERR_CONFLICT`: VPP handles a port or protocol, and would lose it for good */
function registrations(request: PuntToSocketRequest, facts: Facts): Part[] {
  for (const { target, node, text } of handledByVpp(request, facts)) {
    if (idlePuntSocket(target, facts)) continue;
    const key = puntTargetKey(target);
    const why = `VPP handles ${text} itself (node ${node}), and would lose it for good; force: true takes it anyway`;
    throw new Problem(key, "ERR_CONFLICT", why);
  }
  const idle = (target: PuntTarget) => (isForced(request) ? undefined : idlePuntSocket(target, facts));
  return targetsOf(request).map((target) => idle(target) ?? puntSocketPart(target, request.socketPath));
}

function takenCaveats(request: PuntToSocketRequest, facts: Facts): Caveat[] {
  const lost = taken(request, facts);
  if (lost.length === 0) return [];
  const text = `VPP's ${lost.map(({ node, text: what }) => `${node} has taken ${what}`).join(", ")}: its packets do not come to the socket`;
  const rest = (what: string) => ({
    text,
    remedy: `remove from VPP what uses the ${what}, or ask for another ${what}; force: true takes the ${what} back`,
    degrades: true,
  });
  return [request.ipProto ? { code: "PROTOCOL_TAKEN", ...rest("protocol") } : { code: "PORT_TAKEN", ...rest("port") }];
}

type Groups = Readonly<Record<number, Readonly<Partial<Record<"IPV4" | "IPV6", readonly string[]>>>>>;

/** Multicast groups by protocol number. */
const PROTOCOL_GROUPS: Groups = {
  [IP_PROTOCOL.IGMP]: { IPV4: ["224.0.0.22"] },
  [IP_PROTOCOL.OSPF]: { IPV4: ["224.0.0.5", "224.0.0.6"], IPV6: ["ff02::5", "ff02::6"] },
  [IP_PROTOCOL.EIGRP]: { IPV4: ["224.0.0.10"], IPV6: ["ff02::a"] },
  [IP_PROTOCOL.PIM]: { IPV4: ["224.0.0.13"], IPV6: ["ff02::d"] },
  [IP_PROTOCOL.VRRP]: { IPV4: ["224.0.0.18"], IPV6: ["ff02::12"] },
};

/** Multicast groups by UDP port: PTP, RIP, RIPng, DHCPv6, SSDP, HSRP, GLBP, WS-Discovery, mDNS, LLMNR and Babel. */
const PORT_GROUPS: Groups = {
  319: { IPV4: ["224.0.1.129", "224.0.0.107"], IPV6: ["ff02::181", "ff02::6b"] },
  320: { IPV4: ["224.0.1.129", "224.0.0.107"], IPV6: ["ff02::181", "ff02::6b"] },
  520: { IPV4: ["224.0.0.9"] },
  521: { IPV6: ["ff02::9"] },
  [DHCP_SERVER_PORTS[6]]: { IPV6: ["ff02::1:2"] },
  1900: { IPV4: ["239.255.255.250"], IPV6: ["ff02::c"] },
  1985: { IPV4: ["224.0.0.2", "224.0.0.102"] },
  2029: { IPV6: ["ff02::66"] },
  3222: { IPV4: ["224.0.0.102"], IPV6: ["ff02::66"] },
  3702: { IPV4: ["239.255.255.250"], IPV6: ["ff02::c"] },
  5353: { IPV4: ["224.0.0.251"], IPV6: ["ff02::fb"] },
  5355: { IPV4: ["224.0.0.252"], IPV6: ["ff02::1:3"] },
  6696: { IPV4: ["224.0.0.111"], IPV6: ["ff02::1:6"] },
};

function groupsOf({ ipProto, toHost }: PuntToSocketRequest): string[] {
  if (ipProto) return [...(PROTOCOL_GROUPS[ipProto.protocol]?.[ipProto.af] ?? [])];
  if (toHost?.protocol !== "UDP") return [];
  return familiesOf(toHost.af).flatMap((af) => PORT_GROUPS[toHost.port]?.[af] ?? []);
}

function isForBroadcast({ toHost }: PuntToSocketRequest): boolean {
  return toHost?.protocol === "UDP" && toHost.port === DHCP_SERVER_PORTS[4] && toHost.af !== "IPV6";
}

/** Returns a DHCP proxy of one of the families, ours or not. */
function proxyOf(families: readonly string[], { seen }: Facts): Seen | undefined {
  const isOf = ({ value }: Seen) => families.includes(`IPV${(value as { family: number }).family}`);
  return [...seen.values()].find((found) => found.kind === "dhcp-proxy" && isOf(found));
}

function dhcpPortsOf({ toHost }: PuntToSocketRequest): ExclusiveKey[] {
  return toHost && isDhcpPort(toHost) ? dhcpPortKeys(familiesOf(toHost.af), toHost.port) : [];
}

function familiesOf(af: "IPV4" | "IPV6" | "BOTH"): ("IPV4" | "IPV6")[] {
  return af === "BOTH" ? ["IPV4", "IPV6"] : [af];
}

function portsOf(toHost: PuntToSocketRequest["toHost"]): PortReach {
  if (toHost?.protocol !== "UDP") return { text: "every port" };
  const { port } = toHost;
  return { text: `port ${port}`, range: { first: port, last: port } };
}

function selectorOf({ toHost, ipProto, exception }: PuntToSocketRequest): string {
  if (toHost) return `to-host/${toHost.af}/${toHost.protocol}/${toHost.port}`;
  if (ipProto) return `ip-proto/${ipProto.af}/${ipProto.protocol}`;
  return `exception/${exception!.reason}`;
}

function targetsOf({ toHost, ipProto, exception }: PuntToSocketRequest): PuntTarget[] {
  if (toHost) {
    const protocol = toHost.protocol === "UDP" ? "IP_API_PROTO_UDP" : "IP_API_PROTO_ICMP6";
    return familiesOf(toHost.af).map((af) => ({ type: "l4", af, protocol, port: toHost.port }));
  }
  if (ipProto) return [{ type: "ip-proto", af: ipProto.af, protocol: ipProto.protocol }];
  return [{ type: "exception", reason: exception!.reason }];
}
