// Large values of VPP's binary API, complete but for what a test is about.

/** `vl_api_acl_rule_t`: permits everything of IPv4. */
export const aclRule = (fields: object = {}) => ({
  is_permit: "ACL_ACTION_API_PERMIT" as const,
  src_prefix: "0.0.0.0/0",
  dst_prefix: "0.0.0.0/0",
  proto: "IP_API_PROTO_HOPOPT" as const,
  srcport_or_icmptype_first: 0,
  srcport_or_icmptype_last: 65535,
  dstport_or_icmpcode_first: 0,
  dstport_or_icmpcode_last: 65535,
  tcp_flags_mask: 0,
  tcp_flags_value: 0,
  ...fields,
});

/** `vl_api_fib_path_t`: a next hop on an interface. */
export const fibPath = (sw_if_index: number, nextHop: string, fields: object = {}) => {
  const isIp6 = nextHop.includes(":");
  return {
    sw_if_index,
    table_id: 0,
    rpf_id: 0,
    weight: 1,
    preference: 0,
    type: "FIB_API_PATH_TYPE_NORMAL",
    flags: 0,
    proto: isIp6 ? "FIB_API_PATH_NH_PROTO_IP6" : "FIB_API_PATH_NH_PROTO_IP4",
    nh: {
      address: isIp6 ? { ip6: nextHop } : { ip4: nextHop },
      via_label: 0,
      obj_id: 0,
      classify_table_index: 0,
    },
    n_labels: 0,
    label_stack: Array.from({ length: 16 }, () => ({ is_uniform: 0, label: 0, ttl: 0, exp: 0 })),
    ...fields,
  };
};

/** `memif_create_v2`: a server of the socket 1. */
export const memifCreate = (fields: object = {}) => ({
  role: "MEMIF_ROLE_API_MASTER",
  mode: "MEMIF_MODE_API_ETHERNET",
  rx_queues: 1,
  tx_queues: 1,
  id: 1,
  socket_id: 1,
  ring_size: 0,
  buffer_size: 0,
  no_zero_copy: false,
  use_dma: false,
  hw_addr: "02:fd:00:00:00:09",
  secret: "",
  ...fields,
});

/** `tap_create_v3`: a device of the MTU 1400 in a namespace. */
export const tapCreate = (host_namespace: string, host_if_name: string, fields: object = {}) => ({
  id: 0xffffffff,
  use_random_mac: false,
  mac_address: "02:fd:00:00:00:01",
  num_rx_queues: 1,
  num_tx_queues: 1,
  tx_ring_sz: 256,
  rx_ring_sz: 256,
  host_mtu_set: true,
  host_mtu_size: 1400,
  host_mac_addr_set: true,
  host_mac_addr: "02:fe:00:00:00:01",
  host_ip4_prefix_set: false,
  host_ip4_prefix: "0.0.0.0/0",
  host_ip6_prefix_set: false,
  host_ip6_prefix: "::/0",
  host_ip4_gw_set: false,
  host_ip4_gw: "0.0.0.0",
  host_ip6_gw_set: false,
  host_ip6_gw: "::",
  tap_flags: [],
  host_namespace_set: true,
  host_namespace,
  host_if_name_set: true,
  host_if_name,
  host_bridge_set: false,
  host_bridge: "",
  tag: host_if_name,
  ...fields,
});

/** `af_packet_create_v3` over a device. */
export const afPacketCreate = (host_if_name: string, hw_addr: string) => ({
  mode: "AF_PACKET_API_MODE_ETHERNET" as const,
  hw_addr,
  use_random_hw_addr: false,
  host_if_name,
  rx_frame_size: 0,
  tx_frame_size: 0,
  rx_frames_per_block: 0,
  tx_frames_per_block: 0,
  flags: 0,
  num_rx_queues: 1,
  num_tx_queues: 1,
});
