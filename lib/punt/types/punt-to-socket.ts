// PUNT_TO_SOCKET: packets of one kind to a datagram socket.
import { IP_PROTOCOL } from "../../net/index.js";
import { type Facts, Problem, type PuntTarget, puntSocketPart, puntTargetKey, type Seen } from "../items/index.js";
import type { PuntToSocketRequest } from "../request/index.js";
import { dhcpPortKeys, isDhcpPort } from "./dhcp-ports.js";
import type { ExclusiveKey, PortReach, TypeHandler } from "./handler.js";

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
    if (proxy) {
      const text = `VPP's DHCP proxy ${proxy.key} uses UDP port ${toHost.port}, and would lose it for good`;
      throw new Problem(puntTargetKey(targetsOf(request)[0]!), "ERR_CONFLICT", text);
    }
    return targetsOf(request).map((target) => puntSocketPart(target, request.socketPath));
  },

  readsMulticast: ({ ipProto }) => ipProto !== undefined && GROUPS[ipProto.protocol] !== undefined,

  caveats({ ipProto }, { multicastRoutes }) {
    const groups = ipProto && GROUPS[ipProto.protocol]?.[ipProto.af];
    if (!groups || groups.every((group) => multicastRoutes?.includes(`${group}/`))) return [];
    const text = `VPP receives multicast of protocol ${ipProto.protocol} only with routes for its groups (${groups.join(", ")}), and lacks some of them: unicast comes, multicast does not`;
    const remedy = `vppctl ip mroute add ${groups[0]} via <interface> Accept, and ip mroute add ${groups[0]} via local Forward`;
    return [{ code: "MULTICAST_ROUTE", text, remedy, degrades: true }];
  },
};

/** Multicast groups by protocol number. */
const GROUPS: Readonly<Record<number, Readonly<Record<"IPV4" | "IPV6", readonly string[]>>>> = {
  [IP_PROTOCOL.OSPF]: { IPV4: ["224.0.0.5", "224.0.0.6"], IPV6: ["ff02::5", "ff02::6"] },
  [IP_PROTOCOL.EIGRP]: { IPV4: ["224.0.0.10"], IPV6: ["ff02::a"] },
  [IP_PROTOCOL.PIM]: { IPV4: ["224.0.0.13"], IPV6: ["ff02::d"] },
  [IP_PROTOCOL.VRRP]: { IPV4: ["224.0.0.18"], IPV6: ["ff02::12"] },
};

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
