// The UDP ports that VPP itself handles: VPP has one handler for each port, the last to register.
import type { Facts } from "./facts.js";
import type { VppApi } from "./vpp-api.js";

/** VPP's graph nodes by `4/<port>` and `6/<port>`. */
export type UdpPorts = ReadonlyMap<string, string>;

/** Returns the handlers, or undefined if this VPP does not tell (releases before 22.10). There is no message: its command line prints them. */
export async function observeUdpPorts(vpp: VppApi): Promise<UdpPorts | undefined> {
  const { reply } = await vpp.call("cli_inband", { cmd: "show udp ports" });
  return parseUdpPorts(reply);
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

/** The use of a UDP port: it punts, it is free, or a node of VPP handles it. */
export type UdpPortUse = "punts" | "free" | { readonly node: string };

/** Returns the use of a port. Where VPP does not tell, a port with a registration counts as punting. */
export function udpPortUse({ udpPorts }: Pick<Facts, "udpPorts">, af: "IPV4" | "IPV6", port: number): UdpPortUse {
  if (!udpPorts) return "punts";
  const family = af === "IPV4" ? 4 : 6;
  const node = udpPorts.get(`${family}/${port}`);
  if (node === undefined) return "free";
  return node === `ip${family}-udp-punt-socket` ? "punts" : { node };
}
