// Requests as the cases write them down.
import { aclRule, memifCreate } from "../vpp/api-values.js";
import type { Step } from "./run.js";

export const NONE = 0xffffffff;
export const UP = ["IF_STATUS_API_FLAG_ADMIN_UP"];

/** Loopbacks 1 to 3: the interfaces that both VPPs have. */
export const loopbacks: Step[] = [1, 2, 3].map((n) => ["create_loopback", { mac_address: `02:00:00:00:00:0${n}` }]);

export const flags = (sw_if_index: number, up = true): Step => [
  "sw_interface_set_flags",
  { sw_if_index, flags: up ? UP : [] },
];
export const address = (sw_if_index: number, prefix: string, is_add = true): Step => [
  "sw_interface_add_del_address",
  { sw_if_index, is_add, del_all: false, prefix },
];
export const addresses = (sw_if_index: number, is_ipv6 = false): Step => ["ip_address_dump", { sw_if_index, is_ipv6 }];
export const table = (table_id: number, is_add = true, is_ip6 = false): Step => [
  "ip_table_add_del",
  { is_add, table: { table_id, is_ip6, name: "" } },
];
export const bind = (sw_if_index: number, vrf_id: number, is_ipv6 = false): Step => [
  "sw_interface_set_table",
  { sw_if_index, is_ipv6, vrf_id },
];
export const all: Step = ["sw_interface_dump", { sw_if_index: NONE, name_filter_valid: false, name_filter: "" }];

export const rule = (fields: object = {}) => aclRule({ dst_prefix: "10.0.0.0/24", ...fields });
export const acl = (acl_index: number, ...r: object[]): Step => ["acl_add_replace", { acl_index, tag: "tag", r }];

export const route = (is_add: boolean, prefix: string, paths: object[], is_multipath = false): Step => [
  "ip_route_add_del_v2",
  { is_add, is_multipath, route: { table_id: 0, stats_index: 0, prefix, src: 0, paths } },
];

export const l4 = (protocol: string, port: number, af = "ADDRESS_IP4") => ({
  type: "PUNT_API_TYPE_L4",
  punt: { l4: { af, protocol: `IP_API_PROTO_${protocol}`, port } },
});
export const proto = (protocol: string) => ({
  type: "PUNT_API_TYPE_IP_PROTO",
  punt: { ip_proto: { af: "ADDRESS_IP4", protocol: `IP_API_PROTO_${protocol}` } },
});
export const register = (punt: object, pathname: string, header_version = 1): Step => [
  "punt_socket_register",
  { header_version, punt, pathname },
];
export const deregister = (punt: object): Step => ["punt_socket_deregister", { punt }];

export const memif = (fields: object = {}): Step => [
  "memif_create_v2",
  memifCreate({ ring_size: 1024, buffer_size: 2048, ...fields }),
];
export const memifSocket = (socket_id: number, socket_filename: string, is_add = true): Step => [
  "memif_socket_filename_add_del_v2",
  { is_add, socket_id, socket_filename },
];

export const span = (from: number, to: number, state: string, is_l2 = false): Step => [
  "sw_interface_span_enable_disable",
  { sw_if_index_from: from, sw_if_index_to: to, state: `SPAN_STATE_API_${state}`, is_l2 },
];
export const xconnect = (rx_sw_if_index: number, tx_sw_if_index: number, enable = true): Step => [
  "sw_interface_set_l2_xconnect",
  { rx_sw_if_index, tx_sw_if_index, enable },
];

export const abx = (is_add: number, policy_id: number, acl_index: number, tx_sw_if_index: number): Step => [
  "abx_policy_add_del",
  { is_add, policy: { policy_id, acl_index, tx_sw_if_index, dst_mac: "02:fe:00:00:00:01" } },
];
export const abxAttach = (is_attach: number, policy_id: number, rx_sw_if_index: number, priority = 1): Step => [
  "abx_interface_attach_detach",
  { is_attach, attach: { policy_id, priority, rx_sw_if_index } },
];
export const isisx = (is_add: number, rx_sw_if_index: number, tx_sw_if_index: number): Step => [
  "isisx_connection_add_del",
  { is_add, connection: { rx_sw_if_index, tx_sw_if_index } },
];
export const abf = (is_add: boolean, policy_id: number, acl_index: number, paths: object[]): Step => [
  "abf_policy_add_del",
  { is_add, policy: { policy_id, acl_index, n_paths: paths.length, paths } },
];
export const abfAttach = (is_add: boolean, policy_id: number, sw_if_index: number): Step => [
  "abf_itf_attach_add_del",
  { is_add, attach: { policy_id, sw_if_index, priority: 1, is_ipv6: false } },
];

export const dhcpProxy = (is_add: boolean, rx_vrf_id: number, dhcp_server: string, dhcp_src_address: string): Step => [
  "dhcp_proxy_config",
  { rx_vrf_id, server_vrf_id: 0, is_add, dhcp_server, dhcp_src_address },
];
export const arpRange = (is_add: boolean, low: string, hi: string, table_id = 0): Step => [
  "proxy_arp_add_del",
  { is_add, proxy: { table_id, low, hi } },
];
export const unnumbered = (sw_if_index: number, unnumbered_sw_if_index: number, is_add = true): Step => [
  "sw_interface_set_unnumbered",
  { sw_if_index, unnumbered_sw_if_index, is_add },
];
export const neighbor = (
  is_add: boolean,
  sw_if_index: number,
  ip_address: string,
  neighborFlags: string[] = [],
): Step => [
  "ip_neighbor_add_del",
  { is_add, neighbor: { sw_if_index, flags: neighborFlags, mac_address: "02:aa:00:00:00:01", ip_address } },
];
export const routes: Step = ["ip_route_v2_dump", { src: 0, table: { table_id: 0, is_ip6: false, name: "" } }];
