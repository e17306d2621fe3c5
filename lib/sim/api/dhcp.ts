// dhcp.api: proxies and clients.
import { formatMac } from "../../net/index.js";
import {
  type AddressFamily,
  type DhcpClient,
  type DhcpLease,
  type DhcpProxy,
  familyOf,
  formatAddress,
  parseAddress,
} from "../dataplane/index.js";
import { VnetError } from "../vnet-error.js";
import { type ApiContext, enumNumber } from "./context.js";

/** VSS_TYPE_API_INVALID (123) as VPP sends it: VPP does not put this field into network order. */
const VSS_INVALID_UNSWAPPED = 123 * 2 ** 24;

interface ProxyArgs {
  rx_vrf_id: number;
  server_vrf_id: number;
  is_add: boolean;
  dhcp_server: string;
  dhcp_src_address: string;
}

interface ApiClientConfig {
  sw_if_index: number;
  hostname: string;
  id: Uint8Array;
  want_dhcp_event: boolean;
  set_broadcast_flag: boolean;
  dscp: string | number;
  pid: number;
}

/** dhcp.api: proxies and clients. */
export function registerDhcp(context: ApiContext): void {
  context.registry.reply("dhcp_plugin_get_version", () => ({ major: 1, minor: 0 }));
  registerProxy(context);
  registerClient(context);
}

function registerProxy({ registry, dp }: ApiContext): void {
  const config = (family: AddressFamily) => (family === 4 ? dp.dhcp4Proxy : dp.dhcp6Proxy).config;
  registry.reply<ProxyArgs>("dhcp_proxy_config", (args) => {
    const server = parseAddress(args.dhcp_server);
    const source = parseAddress(args.dhcp_src_address);
    if (familyOf(server) !== familyOf(source)) throw new VnetError("INVALID_ARGUMENT", "mixed address families");
    const { rx_vrf_id, server_vrf_id, is_add } = args;
    config(familyOf(server)).addDel(rx_vrf_id, source, { address: server, tableId: server_vrf_id }, is_add);
  });
  registry.dump<{ is_ip6: boolean }>("dhcp_proxy_dump", function* ({ is_ip6 }) {
    for (const proxy of config(is_ip6 ? 6 : 4).values()) yield proxyDetails(proxy, is_ip6);
  });
}

function proxyDetails({ rxTableId, source, servers }: DhcpProxy, isIp6: boolean) {
  return {
    rx_vrf_id: rxTableId,
    vss_oui: 0,
    vss_fib_id: 0,
    vss_type: VSS_INVALID_UNSWAPPED,
    is_ipv6: isIp6,
    vss_vpn_ascii_id: "",
    dhcp_src_address: formatAddress(source),
    servers: servers.map(({ address, tableId }) => ({ server_vrf_id: tableId, dhcp_server: formatAddress(address) })),
  };
}

function registerClient({ registry, dp }: ApiContext) {
  registry.reply<{ is_add: boolean; client: ApiClientConfig }>("dhcp_client_config", ({ is_add, client }, caller) => {
    const swInterface = dp.interfaces.get(client.sw_if_index);
    if (!is_add) return dp.dhcpClients.remove(swInterface);
    const end = client.id.indexOf(0);
    dp.dhcpClients.add(swInterface, {
      hostname: client.hostname,
      id: end < 0 ? client.id : client.id.slice(0, end),
      broadcast: client.set_broadcast_flag,
      dscp: enumNumber(client.dscp, {}),
      pid: client.pid,
      wantEvent: client.want_dhcp_event,
      bound: (lease) => {
        if (client.want_dhcp_event) caller.event("dhcp_compl_event", { pid: client.pid, lease: encodeLease(lease) });
      },
    });
  });
  registry.dump("dhcp_client_dump", function* () {
    for (const client of dp.dhcpClients.values()) {
      yield { client: encodeClient(client), lease: encodeLease(client.lease) };
    }
  });
}

function encodeClient({ swInterface, options }: DhcpClient): ApiClientConfig {
  const id = new Uint8Array(64);
  id.set(options.id.subarray(0, 64));
  return {
    sw_if_index: swInterface.swIfIndex,
    hostname: options.hostname,
    id,
    want_dhcp_event: options.wantEvent,
    set_broadcast_flag: options.broadcast,
    dscp: options.dscp,
    pid: options.pid,
  };
}

function encodeLease(lease: DhcpLease) {
  return {
    sw_if_index: lease.swInterface.swIfIndex,
    state: `DHCP_CLIENT_STATE_API_${lease.state}`,
    is_ipv6: false,
    hostname: lease.hostname,
    mask_width: lease.maskLength,
    host_address: formatAddress(lease.address),
    router_address: formatAddress(lease.router),
    host_mac: formatMac(lease.swInterface.mac ?? new Uint8Array(6)),
    domain_server: lease.dns.map((address) => ({ address: formatAddress(address) })),
  };
}
