// Removes objects that carry no mark of their manager: they stay in VPP for good when a store has lost the claims on them.
import type { Vpp } from "../../lib/binapi/index.js";

const SOCKET_TYPES = ["PUNT_API_TYPE_L4", "PUNT_API_TYPE_IP_PROTO", "PUNT_API_TYPE_EXCEPTION"] as const;

/** @param kept the lines of objects that stay */
export async function removeUnmarked(vpp: Vpp, kept: readonly string[]): Promise<void> {
  for (const { proxy } of await vpp.dumpAll("proxy_arp_dump", {}))
    if (!kept.includes(`proxy-arp ${proxy.table_id} ${proxy.low}-${proxy.hi}`))
      await vpp.call("proxy_arp_add_del", { is_add: false, proxy });
  for (const is_ip6 of [false, true])
    for (const { rx_vrf_id, dhcp_src_address, servers } of await vpp.dumpAll("dhcp_proxy_dump", { is_ip6 }))
      for (const { dhcp_server, server_vrf_id } of servers) {
        if (kept.includes(`dhcp-proxy ${rx_vrf_id} ${dhcp_server} ${dhcp_src_address}`)) continue;
        const proxy = { rx_vrf_id, server_vrf_id, dhcp_server, dhcp_src_address };
        await vpp.call("dhcp_proxy_config", { is_add: false, ...proxy });
      }
  for (const type of SOCKET_TYPES)
    for (const { punt, pathname } of await vpp.dumpAll("punt_socket_dump", { type }))
      if (!kept.includes(`punt-socket ${JSON.stringify(punt)} ${pathname}`))
        await vpp.call("punt_socket_deregister", { punt });
}
