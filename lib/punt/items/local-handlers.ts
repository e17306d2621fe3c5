// The UDP ports and IP protocols that VPP itself handles: VPP has one handler for each of them, the last to register.
import { IP_PROTOCOL } from "../../net/index.js";
import type { VppApi } from "./vpp-api.js";

/** VPP's graph nodes by `4/<port>` and `6/<port>`. */
export type UdpPorts = ReadonlyMap<string, string>;

/** VPP's graph nodes by `4/<protocol>` and `6/<protocol>`. */
export type IpProtocols = ReadonlyMap<string, string>;

/** Each is absent if this VPP does not tell (of UDP ports, releases before 22.10). */
export interface LocalHandlers {
  readonly udpPorts?: UdpPorts;
  readonly ipProtocols?: IpProtocols;
}

/** Returns the handlers of the wanted kinds. There is no message: VPP's command line prints them, and each command takes VPP half a millisecond. */
export async function observeLocalHandlers(
  vpp: VppApi,
  wanted: ReadonlySet<keyof LocalHandlers>,
): Promise<LocalHandlers> {
  const show = async (cmd: string) => (await vpp.call("cli_inband", { cmd })).reply;
  const showAll = (name: keyof LocalHandlers, ...commands: string[]) =>
    wanted.has(name) ? Promise.all(commands.map(show)) : undefined;
  const [ports, local] = await Promise.all([
    showAll("udpPorts", "show udp ports"),
    showAll("ipProtocols", "show ip local", "show ip6 local"),
  ]);
  const udpPorts = ports && parseUdpPorts(ports[0]!);
  const ipProtocols = local && parseIpProtocols(local[0]!, local[1]!);
  return { ...(udpPorts !== undefined && { udpPorts }), ...(ipProtocols !== undefined && { ipProtocols }) };
}

/** Reads VPP's table, which has colors even in a message. */
export function parseUdpPorts(reply: string): UdpPorts | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colors begin with it
  const lines = reply.replaceAll(/\x1b\[[\d;]*m/g, "").split("\n");
  if (!/^\s*port\s+proto\s+node\b/.test(lines[0] ?? "")) return undefined;
  return new Map(
    lines.flatMap((line) => {
      const [, port, family, node] = /^\s*(\d+)\s+ip([46])\s+(\S+)/.exec(line) ?? [];
      return node === undefined ? [] : [[`${family}/${port}`, node] as const];
    }),
  );
}

/** The protocols that VPP's list for IPv4 may have, by VPP's names. Its list for IPv6 has numbers. */
const NAMES: Readonly<Record<string, number>> = {
  ...IP_PROTOCOL,
  ...{
    IP_IN_IP: 4,
    IPV6: 41,
    IPSEC_ESP: 50,
    IPSEC_AH: 51,
    IPIP: 94,
    IPCOMP: 108,
    L2TP: 115,
    UDP_LITE: 136,
    MPLS_IN_IP: 137,
  },
};
const NUMBERS = new Set(Object.values(NAMES));

/** Reads VPP's lists of the two families. */
export function parseIpProtocols(ip4: string, ip6: string): IpProtocols | undefined {
  if (!ip4.startsWith("Protocols handled by ip4_local") || !ip6.startsWith("Protocols handled by ip6_local"))
    return undefined;
  return new Map([...protocolsIn(ip4, 4), ...protocolsIn(ip6, 6)]);
}

function protocolsIn(reply: string, family: 4 | 6): (readonly [string, string])[] {
  return reply.split("\n").flatMap((line) => {
    const [, name = "", node] = /^\s*(\w+): (\S+)\s*$/.exec(line) ?? [];
    const number = /^\d+$/.test(name) ? Number(name) : NAMES[name];
    return node === undefined || number === undefined ? [] : [[`${family}/${number}`, node] as const];
  });
}

/** The use of a UDP port or of an IP protocol: it punts, it is free, or a node of VPP handles it. */
export type HandlerUse = "punts" | "free" | { readonly node: string };

/** Returns the use of a port. Where VPP does not tell, a port with a registration counts as punting. */
export function udpPortUse({ udpPorts }: LocalHandlers, af: "IPV4" | "IPV6", port: number): HandlerUse {
  if (!udpPorts) return "punts";
  const family = af === "IPV4" ? 4 : 6;
  const node = udpPorts.get(`${family}/${port}`);
  if (node === undefined) return "free";
  return node === `ip${family}-udp-punt-socket` ? "punts" : { node };
}

/** Returns the use of a protocol, as `udpPortUse` does. Of a protocol that is missing by name VPP does not tell. */
export function ipProtocolUse({ ipProtocols }: LocalHandlers, af: "IPV4" | "IPV6", protocol: number): HandlerUse {
  const family = af === "IPV4" ? 4 : 6;
  const node = ipProtocols?.get(`${family}/${protocol}`);
  if (node !== undefined) return node === `ip${family}-proto-punt-socket` ? "punts" : { node };
  return ipProtocols !== undefined && (family === 6 || NUMBERS.has(protocol)) ? "free" : "punts";
}
