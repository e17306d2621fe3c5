// The UDP ports of DHCP. VPP has one handler for each port, and the deletion of a punt leaves the port without a handler.
import type { ExclusiveKey } from "./handler.js";

type Af = "IPV4" | "IPV6";

/** The ports that clients ask, by the number of the IP version. */
export const DHCP_SERVER_PORTS = { 4: 67, 6: 547 } as const;

const PORTS: Readonly<Record<Af, readonly number[]>> = { IPV4: [67, 68], IPV6: [546, 547] };

export function isDhcpPort({ af, protocol, port }: { af: Af | "BOTH"; protocol: string; port: number }): boolean {
  const families: readonly Af[] = af === "BOTH" ? ["IPV4", "IPV6"] : [af];
  return protocol === "UDP" && families.some((family) => PORTS[family].includes(port));
}

/** Returns the keys of a punt that takes such a port from VPP. */
export function dhcpPortKeys(families: readonly Af[], port: number): ExclusiveKey[] {
  return families.filter((family) => PORTS[family].includes(port)).map((family) => ({ key: keyOf(family, port) }));
}

/** Returns the keys of punts for which VPP itself handles the ports. Several such punts share them. */
export function dhcpKeys(families: readonly Af[]): ExclusiveKey[] {
  return families.flatMap((family) => PORTS[family].map((port) => ({ key: keyOf(family, port), sharedAs: "dhcp" })));
}

function keyOf(family: Af, port: number): string {
  return `vpp/udp-port/${family}/${port}`;
}
