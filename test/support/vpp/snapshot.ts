// Everything a VPP is configured to, as lines that can be compared: names in place of indexes, nothing that differs between two
// VPPs that were configured alike.
import type { Vpp } from "../../../lib/binapi/index.js";
import type { PuntError } from "../../../lib/errors.js";
import { ALL, NamedVpp, SOCKET_TYPES } from "./named-vpp.js";
import type { Message } from "./tapped.js";

export async function snapshot(client: Vpp): Promise<string[]> {
  for (;;) {
    try {
      return await snapshotOnce(client);
    } catch (error) {
      // An interface was deleted between two of the questions.
      if ((error as PuntError).code !== "VPP_INVALID_SW_IF_INDEX") throw error;
    }
  }
}

async function snapshotOnce(client: Vpp): Promise<string[]> {
  const reader = new Reader(client);
  await reader.readNames();
  const parts = await Promise.all([
    reader.interfaces(),
    reader.interconnects(),
    reader.layer2(),
    reader.policies(),
    reader.layer3(),
    reader.proxies(),
    reader.puntSockets(),
  ]);
  return parts.flat().sort();
}

class Reader extends NamedVpp {
  async interfaces(): Promise<string[]> {
    const perInterface = await Promise.all(
      this.interfaceDetails.map(async (it) => {
        const families = [false, true].map((is_ipv6) => ({ sw_if_index: it.sw_if_index, is_ipv6 }));
        const tables = await Promise.all(families.map((fields) => this.vpp.call("sw_interface_get_table", fields)));
        const dumps = await Promise.all(families.map((fields) => this.dump("ip_address_dump", fields)));
        const name = this.name(it.sw_if_index);
        const addresses = dumps.flat().map(({ prefix }) => `address ${name} ${prefix}`);
        const state = it.flags.includes("IF_STATUS_API_FLAG_ADMIN_UP") ? "up" : "down";
        return [`interface ${name} ${state} ${it.l2_address} ${tables.map((table) => table.vrf_id)}`, ...addresses];
      }),
    );
    return perInterface.flat();
  }

  async interconnects(): Promise<string[]> {
    const [memifs, sockets, taps, afPackets, pairs] = await Promise.all([
      this.dump("memif_dump"),
      this.dump("memif_socket_filename_dump"),
      this.dump("sw_interface_tap_v2_dump", { sw_if_index: ALL }),
      this.dump("af_packet_dump"),
      this.dump("lcp_itf_pair_get").catch(() => []),
    ]);
    const paths = new Map(sockets.map((it) => [it.socket_id, it.socket_filename]));
    return [
      ...memifs.map((it) => `memif ${this.name(it.sw_if_index)} ${it.id} ${it.role} ${paths.get(it.socket_id)}`),
      ...sockets.map((it) => `memif-socket ${it.socket_filename}`),
      ...taps.map(
        (it) => `tap ${this.name(it.sw_if_index)} ${it.host_if_name} ${it.host_mac_addr} ${it.host_namespace}`,
      ),
      ...afPackets.map((it) => `af_packet ${this.name(it.sw_if_index)} ${it.host_if_name}`),
      ...pairs.map((it) => `lcp ${this.name(it.phy_sw_if_index)} ${it.host_if_name} ${it.netns}`),
    ];
  }

  async layer2(): Promise<string[]> {
    const [xconnects, deviceSpans, l2Spans, isisx] = await Promise.all([
      this.dump("l2_xconnect_dump"),
      this.dump("sw_interface_span_dump", { is_l2: false }),
      this.dump("sw_interface_span_dump", { is_l2: true }),
      this.dump("isisx_connection_dump"),
    ]);
    const spans = [...deviceSpans, ...l2Spans];
    return [
      ...xconnects.map((it) => `xconnect ${this.name(it.rx_sw_if_index)} ${this.name(it.tx_sw_if_index)}`),
      ...spans.map(
        (it) => `span ${this.name(it.sw_if_index_from)} ${this.name(it.sw_if_index_to)} ${it.state} ${it.is_l2}`,
      ),
      ...isisx.map(
        (it) => `isisx ${this.name(it.connection.rx_sw_if_index)} ${this.name(it.connection.tx_sw_if_index)}`,
      ),
    ];
  }

  async policies(): Promise<string[]> {
    const [acls, policies, attaches] = await Promise.all([
      this.dump("acl_dump", { acl_index: ALL }),
      this.dump("abx_policy_dump"),
      this.dump("abx_interface_attach_dump"),
    ]);
    const names = new Map(policies.map(({ policy: it }) => [it.policy_id, this.policyName(it)]));
    const alive = attaches.filter(({ attach }) => this.names.has(attach.rx_sw_if_index));
    return [
      ...acls.map((it) => `acl ${it.tag} ${JSON.stringify(it.r)}`),
      ...[...names.values()].map((name) => `abx ${name}`),
      ...alive.map(
        ({ attach: it }) => `abx-attach ${names.get(it.policy_id)} ${this.name(it.rx_sw_if_index)} ${it.priority}`,
      ),
    ];
  }

  async layer3(): Promise<string[]> {
    const [unnumbered, tables, neighbors] = await Promise.all([
      this.dump("ip_unnumbered_dump", { sw_if_index: ALL }),
      this.dump("ip_table_dump"),
      this.staticNeighbors(),
    ]);
    return [
      ...unnumbered.map((it) => `unnumbered ${this.name(it.sw_if_index)} ${this.name(it.ip_sw_if_index)}`),
      ...tables.map(({ table }) => `table ${table.is_ip6 ? 6 : 4} ${table.table_id}`),
      ...neighbors.map((it) => `neighbor ${this.name(it.sw_if_index)} ${it.ip_address} ${it.mac_address}`),
    ];
  }

  async proxies(): Promise<string[]> {
    const [ranges, answering, dhcp4, dhcp6, clients] = await Promise.all([
      this.dump("proxy_arp_dump"),
      this.dump("proxy_arp_intfc_dump"),
      this.dump("dhcp_proxy_dump", { is_ip6: false }),
      this.dump("dhcp_proxy_dump", { is_ip6: true }),
      this.dump("dhcp_client_dump"),
    ]);
    // The note on an interface outlives it.
    const alive = answering.filter((it) => this.names.has(it.sw_if_index));
    const servers = [...dhcp4, ...dhcp6].flatMap((it) => it.servers.map((server: Message) => [it, server]));
    return [
      ...ranges.map(({ proxy: it }) => `proxy-arp ${it.table_id} ${it.low}-${it.hi}`),
      ...alive.map((it) => `proxy-arp-on ${this.name(it.sw_if_index)}`),
      ...servers.map(([it, server]) => `dhcp-proxy ${it.rx_vrf_id} ${server.dhcp_server} ${it.dhcp_src_address}`),
      ...clients.map(({ client }) => `dhcp-client ${this.name(client.sw_if_index)}`),
    ];
  }

  async puntSockets(): Promise<string[]> {
    const dumps = await Promise.all(SOCKET_TYPES.map((type) => this.dump("punt_socket_dump", { type })));
    return dumps.flat().map((it) => `punt-socket ${JSON.stringify(it.punt)} ${it.pathname}`);
  }
}
