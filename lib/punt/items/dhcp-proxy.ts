// DHCP servers that VPP relays to.
import { type Family, familyOf } from "../../net/index.js";
import { addressesKey } from "./addresses.js";
import type { Seen } from "./facts.js";
import type { Part } from "./item.js";
import { type ActContext, type Kind, type ObserveContext, OLD_CLAIM } from "./kind.js";

interface DhcpProxy {
  readonly vrf: number;
  readonly family: Family;
  readonly server: string;
  readonly source: string;
}

export function dhcpProxyKeyPrefix(vrf: number, family: Family): string {
  return `dhcp-proxy/${vrf}/${family}/`;
}

/** @param via the interconnect that carries both addresses */
export function dhcpProxyPart(value: DhcpProxy, via: string): Part<DhcpProxy> {
  const key = dhcpProxyKeyPrefix(value.vrf, value.family) + value.server;
  return { kind: "dhcp-proxy", key, value, after: [addressesKey(via)] };
}

/**
 * A DHCP server to which VPP relays. It carries no mark, and another manager may use subnets of the same network, so the store claims
 * ours.
 */
export const dhcpProxy: Kind<DhcpProxy> = {
  async observe(context) {
    if (!context.vpp.has("dhcp_proxy_dump")) return [];
    const dumps = await Promise.all([false, true].map((v6) => context.vpp.dumpAll("dhcp_proxy_dump", { is_ip6: v6 })));
    return dumps
      .flat()
      .flatMap((detail) =>
        detail.servers.map((server: { dhcp_server: string }) => seenProxy(context, detail, server.dhcp_server)),
      );
  },

  create: (context, value) => set(context, value, true),

  delete: (context, { value }) => set(context, value, false),

  claim: () => "",

  dependsOn: () => [],
};

function seenProxy(
  { marks, claims }: ObserveContext,
  detail: { rx_vrf_id: number; dhcp_src_address: string },
  server: string,
): Seen<DhcpProxy> {
  const family = familyOf(server)!;
  const value = { vrf: detail.rx_vrf_id, family, server, source: detail.dhcp_src_address };
  const key = dhcpProxyKeyPrefix(value.vrf, family) + server;
  const ours = claims.has(key) || (claims.has(OLD_CLAIM) && marks.pools[family].isPair(value.source, server));
  return { kind: "dhcp-proxy", key, value, ours };
}

async function set({ vpp }: ActContext, { vrf, server, source }: DhcpProxy, isAdd: boolean): Promise<void> {
  const ends = { rx_vrf_id: vrf, server_vrf_id: vrf, dhcp_server: server, dhcp_src_address: source };
  await vpp.call("dhcp_proxy_config", { ...ends, is_add: isAdd });
}
