// The messages that this package uses, as the VPP releases in BUILTIN_RELEASES define them. A client falls back on them if neither
// the running VPP nor a folder of .api.json files has a definition. The CRCs are VPP's. They decide whether a definition fits the
// running VPP. notation.ts explains the notation. `npm run add-release -- FOLDER` adds a release (docs/extending.md).
export const BUILTIN_RELEASES = ["22.02", "22.10", "23.06", "24.06", "25.02", "26.06", "26.10"] as const;

/** A VPP release that the built-in definitions cover. */
export type Release = (typeof BUILTIN_RELEASES)[number];

/** The release that functions take by default. */
export const NEWEST_RELEASE: Release = BUILTIN_RELEASES[BUILTIN_RELEASES.length - 1]!;

export const BUILTIN_DEFINITIONS = `
# Types that more than one module uses
enum address_family u8 ADDRESS_: IP4 IP6
flags fib_path_flags u32 FIB_API_PATH_FLAG_: NONE RESOLVE_VIA_ATTACHED RESOLVE_VIA_HOST POP_PW_CW=4
enum fib_path_nh_proto u32 FIB_API_PATH_NH_PROTO_: IP4 IP6 MPLS ETHERNET BIER
enum fib_path_type u32 FIB_API_PATH_TYPE_: NORMAL LOCAL DROP UDP_ENCAP BIER_IMP ICMP_UNREACH ICMP_PROHIBIT
  SOURCE_LOOKUP DVR INTERFACE_RX CLASSIFY
flags if_status_flags u32 IF_STATUS_API_FLAG_: ADMIN_UP=1 LINK_UP
enum ip_proto u8 IP_API_PROTO_: HOPOPT ICMP IGMP TCP=6 UDP=17 GRE=47 ESP=50 AH ICMP6=58 EIGRP=88 OSPF SCTP=132
  RESERVED=255
alias address_with_prefix : prefix
alias interface_index : u32
alias ip4_address : u8[4]
alias ip6_address : u8[16]
alias mac_address : u8[6]
type address : address_family af, address_union un
union address_union : ip4_address ip4, ip6_address ip6
type fib_mpls_label : u8 is_uniform, u32 label, u8 ttl, u8 exp
type fib_path : u32 sw_if_index, u32 table_id, u32 rpf_id, u8 weight, u8 preference, fib_path_type type,
  fib_path_flags flags, fib_path_nh_proto proto, fib_path_nh nh, u8 n_labels, fib_mpls_label[16] label_stack
type fib_path_nh : address_union address, u32 via_label, u32 obj_id, u32 classify_table_index
type prefix : address address, u8 len

module memclnt
type message_table_entry : u16 index, string[64] name
type module_version : u32 major, u32 minor, u32 patch, string[64] name
< sockclnt_create 455fb9c4 : string[64] name
> sockclnt_create_reply 35166268 : i32 response, u32 index, u16 count, message_table_entry[count] message_table
> sockclnt_delete 8ac76db6 : u32 index
< sockclnt_delete_reply 8f38b1ee : i32 response
> control_ping 51077d14
< control_ping_reply f6b0b8ca : i32 retval, u32 client_index, u32 vpe_pid
> get_first_msg_id ebf79a66 : string[64] name
< get_first_msg_id_reply 7d337472 : i32 retval, u16 first_msg_id
> api_versions 51077d14
< api_versions_reply 5f0d99d6 : i32 retval, u32 count, module_version[count] api_versions
> get_api_json[24.06-] 51077d14
< get_api_json_reply[24.06-] ea715b59 : i32 retval, string json

module vpe
alias timestamp : f64
> show_version 51077d14
< show_version_reply c919bde1 : i32 retval, string[32] program, string[32] version, string[32] build_date,
  string[256] build_directory
> show_vpe_system_time 51077d14
< show_vpe_system_time_reply 7ffd8193 : i32 retval, timestamp vpe_system_time

module vlib
> cli_inband f8377302 : string cmd
< cli_inband_reply 05879051 : i32 retval, string reply

module interface
enum if_type u32 IF_API_TYPE_: HARDWARE SUB P2P PIPE
enum link_duplex u32 LINK_DUPLEX_API_: UNKNOWN HALF FULL
enum rx_mode u32 RX_MODE_API_: UNKNOWN POLLING INTERRUPT ADAPTIVE DEFAULT
flags sub_if_flags u32 SUB_IF_API_FLAG_: NO_TAGS=1 ONE_TAG TWO_TAGS=4 DOT1AD=8 EXACT_MATCH=16 DEFAULT=32
  OUTER_VLAN_ID_ANY=64 INNER_VLAN_ID_ANY=128 MASK_VNET=254 DOT1AH=256
> sw_interface_dump aa610c27 : interface_index sw_if_index=4294967295, bool name_filter_valid, string name_filter
< sw_interface_details 6c221fc7 : interface_index sw_if_index, u32 sup_sw_if_index, mac_address l2_address,
  if_status_flags flags, if_type type, link_duplex link_duplex, u32 link_speed, u16 link_mtu, u32[4] mtu, u32
  sub_id, u8 sub_number_of_tags, u16 sub_outer_vlan_id, u16 sub_inner_vlan_id, sub_if_flags sub_if_flags, u32
  vtr_op, u32 vtr_push_dot1q, u32 vtr_tag1, u32 vtr_tag2, u16 outer_tag, mac_address b_dmac, mac_address b_smac, u16
  b_vlanid, u32 i_sid, string[64] interface_name, string[64] interface_dev_type, string[64] tag
> sw_interface_set_flags f5aec1b8 + : interface_index sw_if_index, if_status_flags flags
> want_interface_events 476f5a08 + !sw_interface_event : u32 enable_disable, u32 pid
! sw_interface_event 2d3d95a7 : u32 pid, interface_index sw_if_index, if_status_flags flags, bool deleted
> sw_interface_add_del_address 5463d73b + : interface_index sw_if_index, bool is_add, bool del_all,
  address_with_prefix prefix
> sw_interface_set_table df42a577 + : interface_index sw_if_index, bool is_ipv6, u32 vrf_id
> sw_interface_get_table 2d033de4 : interface_index sw_if_index, bool is_ipv6
< sw_interface_get_table_reply a6eb0109 : i32 retval, u32 vrf_id
> sw_interface_set_unnumbered 154a6439 + : interface_index sw_if_index, interface_index unnumbered_sw_if_index, bool
  is_add
> sw_interface_set_mac_address c536e7eb + : interface_index sw_if_index, mac_address mac_address
> sw_interface_get_mac_address f9e6675e : interface_index sw_if_index
< sw_interface_get_mac_address_reply 40ef2c08 : i32 retval, mac_address mac_address
> hw_interface_set_mtu e6746899 + : interface_index sw_if_index, u16 mtu
> sw_interface_set_mtu 5cbe85e5 + : interface_index sw_if_index, u32[4] mtu
> sw_interface_tag_add_del 426f8bc1 + : bool is_add, interface_index sw_if_index, string[64] tag
> create_loopback 42bb5d22 : mac_address mac_address
< create_loopback_reply 5383d31f : i32 retval, interface_index sw_if_index
> create_loopback_instance d36a3ee2 : mac_address mac_address, bool is_specified, u32 user_instance
< create_loopback_instance_reply 5383d31f : i32 retval, interface_index sw_if_index
> delete_loopback f9e6675e + : interface_index sw_if_index
> sw_interface_set_rx_mode b04d1cfe + : interface_index sw_if_index, bool queue_id_valid, u32 queue_id, rx_mode mode
> sw_interface_set_promisc d40860d4 + : interface_index sw_if_index, bool promisc_on

module ip
type ip_route : u32 table_id, u32 stats_index, prefix prefix, u8 n_paths, fib_path[n_paths] paths
type ip_route_v2 : u32 table_id, u32 stats_index, prefix prefix, u8 n_paths, u8 src, fib_path[n_paths] paths
type ip_table : u32 table_id, bool is_ip6, string[64] name
> ip_unnumbered_dump f9e6675e : interface_index sw_if_index=4294967295
< ip_unnumbered_details cc59bd42 : interface_index sw_if_index, interface_index ip_sw_if_index
> ip_address_dump 2d033de4 : interface_index sw_if_index, bool is_ipv6
< ip_address_details ee29b797 : interface_index sw_if_index, address_with_prefix prefix
> ip_table_add_del 0ffdaec0 + : bool is_add=true, ip_table table
> ip_table_add_del_v2[25.02-] 14e5081f + : ip_table table, bool create_mfib=true, bool is_add=true
> ip_table_dump 51077d14
< ip_table_details c79fca0f : ip_table table
> ip_route_add_del b8ecfe0d : bool is_add=true, bool is_multipath, ip_route route
< ip_route_add_del_reply 1992deab : i32 retval, u32 stats_index
> ip_route_add_del_v2 521ef330 : bool is_add=true, bool is_multipath, ip_route_v2 route
< ip_route_add_del_v2_reply 1992deab : i32 retval, u32 stats_index
> ip_route_dump b9d2e09e : ip_table table
< ip_route_details bda8f315 : ip_route route
> ip_route_v2_dump d16f72e6 : u8 src, ip_table table
< ip_route_v2_details b09aa6c0 : ip_route_v2 route
> sw_interface_ip6_enable_disable ae6cfcfb + : interface_index sw_if_index, bool enable
> sw_interface_ip6_get_link_local_address f9e6675e : interface_index sw_if_index
< sw_interface_ip6_get_link_local_address_reply d16b7130 : i32 retval, ip6_address ip

module ip_neighbor
flags ip_neighbor_flags u8 IP_API_NEIGHBOR_FLAG_: NONE STATIC NO_FIB_ENTRY
type ip_neighbor : interface_index sw_if_index, ip_neighbor_flags flags, mac_address mac_address, address ip_address
> ip_neighbor_add_del 0607c257 : bool is_add, ip_neighbor neighbor
< ip_neighbor_add_del_reply 1992deab : i32 retval, u32 stats_index
> ip_neighbor_dump d817a484 : interface_index sw_if_index=4294967295, address_family af
< ip_neighbor_details e29d79f0 : f64 age, ip_neighbor neighbor

module memif
enum memif_mode u32 MEMIF_MODE_API_: ETHERNET IP PUNT_INJECT
enum memif_role u32 MEMIF_ROLE_API_: MASTER SLAVE
> memif_create b1b25061 : memif_role role, memif_mode mode, u8 rx_queues, u8 tx_queues, u32 id, u32 socket_id, u32
  ring_size, u16 buffer_size, bool no_zero_copy, mac_address hw_addr, string[24] secret
< memif_create_reply 5383d31f : i32 retval, interface_index sw_if_index
> memif_create_v2[23.06-] 8c7de5f7 : memif_role role, memif_mode mode, u8 rx_queues, u8 tx_queues, u32 id, u32
  socket_id, u32 ring_size, u16 buffer_size, bool no_zero_copy, bool use_dma, mac_address hw_addr, string[24] secret
< memif_create_v2_reply[23.06-] 5383d31f : i32 retval, interface_index sw_if_index
> memif_delete f9e6675e + : interface_index sw_if_index
> memif_dump 51077d14
< memif_details da34feb9 : interface_index sw_if_index, mac_address hw_addr, u32 id, memif_role role, memif_mode
  mode, bool zero_copy, u32 socket_id, u32 ring_size, u16 buffer_size, if_status_flags flags, string[64] if_name
> memif_socket_filename_add_del a2ce1a10 + : bool is_add, u32 socket_id, string[108] socket_filename
> memif_socket_filename_add_del_v2[23.06-] 34223bdf : bool is_add, u32 socket_id=4294967295, string socket_filename
< memif_socket_filename_add_del_v2_reply[23.06-] 9f29bdb9 : i32 retval, u32 socket_id
> memif_socket_filename_dump 51077d14
< memif_socket_filename_details 7ff326f7 : u32 socket_id, string[108] socket_filename

module tapv2
flags tap_flags[-24.06] u32 TAP_API_FLAG_: GSO=1 CSUM_OFFLOAD PERSIST=4 ATTACH=8 TUN=16 GRO_COALESCE=32 PACKED=64
  IN_ORDER=128
flags tap_flags[25.02-] u32 TAP_API_FLAG_: GSO=1 CSUM_OFFLOAD PERSIST=4 ATTACH=8 TUN=16 GRO_COALESCE=32 PACKED=64
  IN_ORDER=128 CONSISTENT_QP=256
alias ip4_address_with_prefix : ip4_prefix
alias ip6_address_with_prefix : ip6_prefix
type ip4_prefix : ip4_address address, u8 len
type ip6_prefix : ip6_address address, u8 len
> tap_create_v2 2d0d6570 : u32 id=4294967295, bool use_random_mac=true, mac_address mac_address, u8 num_rx_queues=1,
  u16 tx_ring_sz=256, u16 rx_ring_sz=256, bool host_mtu_set, u32 host_mtu_size, bool host_mac_addr_set, mac_address
  host_mac_addr, bool host_ip4_prefix_set, ip4_address_with_prefix host_ip4_prefix, bool host_ip6_prefix_set,
  ip6_address_with_prefix host_ip6_prefix, bool host_ip4_gw_set, ip4_address host_ip4_gw, bool host_ip6_gw_set,
  ip6_address host_ip6_gw, tap_flags tap_flags, bool host_namespace_set, string[64] host_namespace, bool
  host_if_name_set, string[64] host_if_name, bool host_bridge_set, string[64] host_bridge, string tag
< tap_create_v2_reply 5383d31f : i32 retval, interface_index sw_if_index
> tap_create_v3 3f3fd1df : u32 id=4294967295, bool use_random_mac=true, mac_address mac_address, u16
  num_rx_queues=1, u16 num_tx_queues=1, u16 tx_ring_sz=256, u16 rx_ring_sz=256, bool host_mtu_set, u32
  host_mtu_size, bool host_mac_addr_set, mac_address host_mac_addr, bool host_ip4_prefix_set,
  ip4_address_with_prefix host_ip4_prefix, bool host_ip6_prefix_set, ip6_address_with_prefix host_ip6_prefix, bool
  host_ip4_gw_set, ip4_address host_ip4_gw, bool host_ip6_gw_set, ip6_address host_ip6_gw, tap_flags tap_flags, bool
  host_namespace_set, string[64] host_namespace, bool host_if_name_set, string[64] host_if_name, bool
  host_bridge_set, string[64] host_bridge, string tag
< tap_create_v3_reply 5383d31f : i32 retval, interface_index sw_if_index
> tap_delete_v2 f9e6675e + : interface_index sw_if_index
> sw_interface_tap_v2_dump f9e6675e : interface_index sw_if_index=4294967295
< sw_interface_tap_v2_details 1e2b2a47 : u32 sw_if_index, u32 id, u16 tx_ring_sz, u16 rx_ring_sz, u32 host_mtu_size,
  mac_address host_mac_addr, ip4_address_with_prefix host_ip4_prefix, ip6_address_with_prefix host_ip6_prefix,
  tap_flags tap_flags, string[64] dev_name, string[64] host_if_name, string[64] host_namespace, string[64]
  host_bridge

module af_packet
flags af_packet_flags[22.10-22.10] u32 AF_PACKET_API_FLAG_: QDISC_BYPASS=1 CKSUM_GSO
flags af_packet_flags[23.06-] u32 AF_PACKET_API_FLAG_: QDISC_BYPASS=1 CKSUM_GSO VERSION_2=8
enum af_packet_mode[22.10-] u32 AF_PACKET_API_MODE_: ETHERNET=1 IP
> af_packet_create_v2 4aff0436 : mac_address hw_addr, bool use_random_hw_addr, string[64] host_if_name, u32
  rx_frame_size, u32 tx_frame_size, u32 rx_frames_per_block, u32 tx_frames_per_block, u32 flags, u16 num_rx_queues=1
< af_packet_create_v2_reply 5383d31f : i32 retval, interface_index sw_if_index
> af_packet_create_v3[22.10-] b3a809d4 : af_packet_mode mode, mac_address hw_addr, bool use_random_hw_addr,
  string[64] host_if_name, u32 rx_frame_size, u32 tx_frame_size, u32 rx_frames_per_block, u32 tx_frames_per_block,
  af_packet_flags flags, u16 num_rx_queues=1, u16 num_tx_queues=1
< af_packet_create_v3_reply[22.10-] 5383d31f : i32 retval, interface_index sw_if_index
> af_packet_delete 863fa648 + : string[64] host_if_name
> af_packet_dump 51077d14
< af_packet_details 58c7c042 : interface_index sw_if_index, string[64] host_if_name

module l2
enum l2_port_type u32 L2_API_PORT_TYPE_: NORMAL BVI UU_FWD
> sw_interface_set_l2_xconnect 4fa28a85 + : interface_index rx_sw_if_index, interface_index tx_sw_if_index, bool
  enable=true
> l2_xconnect_dump 51077d14
< l2_xconnect_details 472b6b67 : interface_index rx_sw_if_index, interface_index tx_sw_if_index
> sw_interface_set_l2_bridge d0678b13 + : interface_index rx_sw_if_index, u32 bd_id, l2_port_type port_type, u8 shg,
  bool enable=true
> bridge_domain_add_del_v2[23.06-] 600b7170 : u32 bd_id, bool flood, bool uu_flood, bool forward, bool learn, bool
  arp_term, bool arp_ufwd, u8 mac_age, string[64] bd_tag, bool is_add=true
< bridge_domain_add_del_v2_reply[23.06-] fcb1e980 : i32 retval, u32 bd_id

module span
enum span_state u32 SPAN_STATE_API_: DISABLED RX TX RX_TX
> sw_interface_span_enable_disable 23ddd96b + : interface_index sw_if_index_from, interface_index sw_if_index_to,
  span_state state, bool is_l2
> sw_interface_span_dump d6cf0c3d : bool is_l2
< sw_interface_span_details 8a20e79f : interface_index sw_if_index_from, interface_index sw_if_index_to, span_state
  state, bool is_l2

module acl
enum acl_action u8 ACL_ACTION_API_: DENY PERMIT PERMIT_REFLECT
type acl_rule : acl_action is_permit, prefix src_prefix, prefix dst_prefix, ip_proto proto, u16
  srcport_or_icmptype_first, u16 srcport_or_icmptype_last, u16 dstport_or_icmpcode_first, u16
  dstport_or_icmpcode_last, u8 tcp_flags_mask, u8 tcp_flags_value
> acl_add_replace ee5c2f18 : u32 acl_index, string[64] tag, u32 count, acl_rule[count] r
< acl_add_replace_reply ac407b0c : u32 acl_index, i32 retval
> acl_del ef34fea4 + : u32 acl_index
> acl_dump ef34fea4 : u32 acl_index
< acl_details 95babae0 : u32 acl_index, string[64] tag, u32 count, acl_rule[count] r
> acl_interface_set_acl_list 473982bd + : interface_index sw_if_index, u8 count, u8 n_input, u32[count] acls
> acl_interface_list_dump f9e6675e : interface_index sw_if_index=4294967295
< acl_interface_list_details e695d256 : interface_index sw_if_index, u8 count, u8 n_input, u32[count] acls
> acl_interface_add_del 4b54bebd + : bool is_add=true, bool is_input, interface_index sw_if_index, u32 acl_index
> acl_plugin_get_version 51077d14
< acl_plugin_get_version_reply 9b32cf86 : u32 major, u32 minor

module abx from StoneWork
type abx_interface_attach : u32 policy_id, u32 priority, u32 rx_sw_if_index
type abx_policy : u32 policy_id, u32 acl_index, u32 tx_sw_if_index, mac_address dst_mac
> abx_plugin_get_version 51077d14
< abx_plugin_get_version_reply 9b32cf86 : u32 major, u32 minor
> abx_policy_add_del f5ab75d9 + : u8 is_add, abx_policy policy
> abx_interface_attach_detach a09d5b0c + : u8 is_attach, abx_interface_attach attach
> abx_policy_dump 51077d14
< abx_policy_details 1833567f : abx_policy policy
> abx_interface_attach_dump 51077d14
< abx_interface_attach_details e7369b44 : abx_interface_attach attach

module isisx from StoneWork
type isisx_connection : u32 rx_sw_if_index, u32 tx_sw_if_index
> isisx_connection_add_del 2bbf55c3 + : u8 is_add, isisx_connection connection
> isisx_connection_dump 51077d14
< isisx_connection_details 4b667522 : isisx_connection connection
> isisx_plugin_get_version 51077d14
< isisx_plugin_get_version_reply 9b32cf86 : u32 major, u32 minor

module abf
type abf_itf_attach : u32 policy_id, interface_index sw_if_index, u32 priority, bool is_ipv6
type abf_policy : u32 policy_id, u32 acl_index, u8 n_paths, fib_path[n_paths] paths
> abf_policy_add_del c6131197 + : bool is_add, abf_policy policy
> abf_itf_attach_add_del 25c8621b + : bool is_add, abf_itf_attach attach
> abf_policy_dump 51077d14
< abf_policy_details b7487fa4 : abf_policy policy
> abf_itf_attach_dump 51077d14
< abf_itf_attach_details 7819523e : abf_itf_attach attach
> abf_plugin_get_version 51077d14
< abf_plugin_get_version_reply 9b32cf86 : u32 major, u32 minor

module lcp
enum lcp_itf_host_type u8 LCP_API_ITF_HOST_: TAP TUN
> lcp_itf_pair_add_del[-22.02] f3157f59 + : bool is_add, interface_index sw_if_index, string[16] host_if_name,
  lcp_itf_host_type host_if_type, string[32] namespace
> lcp_itf_pair_add_del[22.10-] 40482b80 + : bool is_add, interface_index sw_if_index, string[16] host_if_name,
  lcp_itf_host_type host_if_type, string[32] netns
> lcp_itf_pair_add_del_v2[-22.02] f3157f59 : bool is_add, interface_index sw_if_index, string[16] host_if_name,
  lcp_itf_host_type host_if_type, string[32] namespace
> lcp_itf_pair_add_del_v2[22.10-] 40482b80 : bool is_add, interface_index sw_if_index, string[16] host_if_name,
  lcp_itf_host_type host_if_type, string[32] netns
< lcp_itf_pair_add_del_v2_reply 39452f52 : i32 retval, interface_index host_sw_if_index
> lcp_itf_pair_add_del_v3[24.06-] 40482b80 : bool is_add, interface_index sw_if_index, string[16] host_if_name,
  lcp_itf_host_type host_if_type, string[32] netns
< lcp_itf_pair_add_del_v3_reply[24.06-] c2502663 : i32 retval, u32 vif_index, interface_index host_sw_if_index
> lcp_itf_pair_get f75ba505 ~lcp_itf_pair_details : u32 cursor
< lcp_itf_pair_get_reply 53b48f5d : i32 retval, u32 cursor
> lcp_itf_pair_get_v2[24.06-] 47250981 ~lcp_itf_pair_details : u32 cursor, interface_index sw_if_index
< lcp_itf_pair_get_v2_reply[24.06-] 53b48f5d : i32 retval, u32 cursor
> lcp_osi_proto_enable[26.06-] bdd70c87 + : u8 osi_proto
> lcp_osi_proto_get[26.06-] 51077d14
< lcp_osi_proto_get_reply[26.06-] 3b19a287 : i32 retval, u8 count, u8[count] osi_protos
> lcp_default_ns_set[-22.02] b561a74a + : string[32] namespace
> lcp_default_ns_set[22.10-] 69749409 + : string[32] netns
> lcp_default_ns_get 51077d14
< lcp_default_ns_get_reply[-22.02] eaeef6d3 : string[32] namespace
< lcp_default_ns_get_reply[22.10-] 5102feee : string[32] netns
> lcp_itf_pair_replace_begin 51077d14 +
> lcp_itf_pair_replace_end 51077d14 +
< lcp_itf_pair_details[-22.02] 5a95842f : interface_index phy_sw_if_index, interface_index host_sw_if_index, u32
  vif_index, string[16] host_if_name, lcp_itf_host_type host_if_type, string[32] namespace
< lcp_itf_pair_details[22.10-] 8b5481af : interface_index phy_sw_if_index, interface_index host_sw_if_index, u32
  vif_index, string[16] host_if_name, lcp_itf_host_type host_if_type, string[32] netns

module dhcp
enum dhcp_client_state[-22.02] u32 DHCP_CLIENT_STATE_API_: DISCOVER=1 REQUEST BOUND
enum dhcp_client_state[22.10-] u32 DHCP_CLIENT_STATE_API_: DISCOVER REQUEST BOUND
enum ip_dscp u8 IP_API_DSCP_: CS0 CS1=8 AF11=10 AF12=12 AF13=14 CS2=16 AF21=18 AF22=20 AF23=22 CS3=24 AF31=26
  AF32=28 AF33=30 CS4=32 AF41=34 AF42=36 AF43=38 CS5=40 EF=46 CS6=48 CS7=50
enum vss_type u32 VSS_TYPE_API_: ASCII VPN_ID INVALID=123 DEFAULT=255
type dhcp_client : interface_index sw_if_index, string[64] hostname, u8[64] id, bool want_dhcp_event, bool
  set_broadcast_flag, ip_dscp dscp, u32 pid
type dhcp_lease : interface_index sw_if_index, dhcp_client_state state, bool is_ipv6, string[64] hostname, u8
  mask_width, address host_address, address router_address, mac_address host_mac, u8 count, domain_server[count]
  domain_server
type dhcp_server : u32 server_vrf_id, address dhcp_server
type domain_server : address address
> dhcp_proxy_config 4058a689 + : u32 rx_vrf_id, u32 server_vrf_id, bool is_add, address dhcp_server, address
  dhcp_src_address
> dhcp_proxy_dump 5c5b063f : bool is_ip6
< dhcp_proxy_details dcbaf540 : u32 rx_vrf_id, u32 vss_oui, u32 vss_fib_id, vss_type vss_type, bool is_ipv6,
  string[129] vss_vpn_ascii_id, address dhcp_src_address, u8 count, dhcp_server[count] servers
> dhcp_client_config 1af013ea + !dhcp_compl_event : bool is_add, dhcp_client client
> dhcp_client_dump 51077d14
< dhcp_client_details[-22.02] 3c5cd28a : dhcp_client client, dhcp_lease lease
< dhcp_client_details[22.10-] 8897b2d8 : dhcp_client client, dhcp_lease lease
! dhcp_compl_event[-22.02] 554a44e5 : u32 pid, dhcp_lease lease
! dhcp_compl_event[22.10-] e18124b7 : u32 pid, dhcp_lease lease
> dhcp_plugin_get_version 51077d14
< dhcp_plugin_get_version_reply 9b32cf86 : u32 major, u32 minor

module arp
type proxy_arp : u32 table_id, ip4_address low, ip4_address hi
> proxy_arp_add_del 1823c3e7 + : bool is_add, proxy_arp proxy
> proxy_arp_dump 51077d14
< proxy_arp_details 5b948673 : proxy_arp proxy
> proxy_arp_intfc_enable_disable ae6cfcfb + : interface_index sw_if_index, bool enable
> proxy_arp_intfc_dump 51077d14
< proxy_arp_intfc_details f6458e5f : u32 sw_if_index

module ip6_nd
> ip6nd_proxy_add_del c2e4a686 + : interface_index sw_if_index, bool is_add, ip6_address ip
> ip6nd_proxy_dump 51077d14
< ip6nd_proxy_details 30b9ff4a : interface_index sw_if_index, ip6_address ip
> ip6nd_proxy_enable_disable 7daa1e3a + : interface_index sw_if_index, bool is_enable

module punt
enum punt_type[-22.02] u32 PUNT_API_TYPE_: L4=1 IP_PROTO EXCEPTION
enum punt_type[22.10-] u32 PUNT_API_TYPE_: L4 IP_PROTO EXCEPTION
type punt : punt_type type, punt_union punt
type punt_exception : u32 id
type punt_ip_proto : address_family af, ip_proto protocol
type punt_l4 : address_family af, ip_proto protocol, u16 port
type punt_reason : u32 id, string name
union punt_union : punt_exception exception, punt_l4 l4, punt_ip_proto ip_proto
> punt_socket_register[-22.02] 95268cbf : u32 header_version, punt punt, string[108] pathname
> punt_socket_register[22.10-] 7875badb : u32 header_version, punt punt, string[108] pathname
< punt_socket_register_reply bd30ae90 : i32 retval, string[108] pathname
> punt_socket_deregister[-22.02] 98fc9102 + : punt punt
> punt_socket_deregister[22.10-] 75afa766 + : punt punt
> punt_socket_dump[-22.02] 52974935 : punt_type type
> punt_socket_dump[22.10-] 916fb004 : punt_type type
< punt_socket_details[-22.02] de575080 : punt punt, string[108] pathname
< punt_socket_details[22.10-] 330466e4 : punt punt, string[108] pathname
> punt_reason_dump 5c0dd4fe : punt_reason reason
< punt_reason_details 2c9d4a40 : punt_reason reason
> set_punt[-22.02] aa83d523 + : bool is_add, punt punt
> set_punt[22.10-] 47d0e347 + : bool is_add, punt punt
`;
