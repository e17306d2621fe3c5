// Cases for the conformance test: what the next interface with the index of a deleted one inherits, and things that count.
import { fibPath } from "../vpp/api-values.js";
import type { Case, Step } from "./run.js";
import {
  abf,
  abfAttach,
  abx,
  abxAttach,
  acl,
  address,
  addresses,
  all,
  arpRange,
  bind,
  deregister,
  dhcpProxy,
  flags,
  isisx,
  loopbacks,
  memif,
  memifSocket,
  NONE,
  neighbor,
  rule,
  span,
  table,
  unnumbered,
  xconnect,
} from "./steps.js";

const linkLocal = (sw_if_index: number): Step => ["sw_interface_ip6_get_link_local_address", { sw_if_index }];
const ip6 = (sw_if_index: number, enable: boolean): Step => [
  "sw_interface_ip6_enable_disable",
  { sw_if_index, enable },
];
const tableOf = (sw_if_index: number, is_ipv6 = false): Step => ["sw_interface_get_table", { sw_if_index, is_ipv6 }];
const neighbors = (af: string): Step => ["ip_neighbor_dump", { sw_if_index: NONE, af }];
const borrowers: Step = ["ip_unnumbered_dump", { sw_if_index: NONE }];
const newLoopback: Step = ["create_loopback", { mac_address: "02:00:00:00:00:09" }];
const arpProxy = (sw_if_index: number, enable = true): Step => [
  "proxy_arp_intfc_enable_disable",
  { sw_if_index, enable },
];
const otherMac = (neighborFlags: string[]): Step => [
  "ip_neighbor_add_del",
  {
    is_add: true,
    neighbor: { sw_if_index: 1, flags: neighborFlags, mac_address: "02:aa:00:00:00:77", ip_address: "10.0.0.3" },
  },
];
const STATIC = ["IP_API_NEIGHBOR_FLAG_STATIC"];

/** All that can be seen of interface 1, and of what refers to interfaces. */
const everything: Step[] = [
  ...[all, tableOf(1), tableOf(1, true), addresses(1), addresses(1, true), borrowers, linkLocal(1)],
  ...([
    ["acl_interface_list_dump", { sw_if_index: NONE }],
    ["acl_dump", { acl_index: NONE }],
    ["sw_interface_span_dump", { is_l2: false }],
    ["sw_interface_span_dump", { is_l2: true }],
    ["l2_xconnect_dump"],
    ["proxy_arp_intfc_dump"],
    ["ip6nd_proxy_dump"],
    ["isisx_connection_dump"],
    ["abx_policy_dump"],
    ["abx_interface_attach_dump"],
    ["abf_policy_dump"],
    ["abf_itf_attach_dump"],
    ["dhcp_client_dump"],
    ["ip_table_dump"],
  ] as const),
  ...[neighbors("ADDRESS_IP4"), neighbors("ADDRESS_IP6")],
];

export const reuseCases: Case[] = [
  {
    title: "the next interface with the index of a deleted one",
    ignore: ["link_speed", "link_duplex", "rpf_id"],
    steps: [
      ...loopbacks,
      ...[table(5), table(5, true, true), bind(1, 5), bind(1, 5, true), flags(1), flags(2)],
      ...[address(1, "10.0.0.1/24"), address(1, "fd00::1/64")],
      ["sw_interface_tag_add_del", { is_add: true, sw_if_index: 1, tag: "t" }],
      ["sw_interface_set_mtu", { sw_if_index: 1, mtu: [1400, 0, 0, 0] }],
      ...[acl(NONE, rule()), acl(NONE, rule())],
      ["acl_interface_set_acl_list", { sw_if_index: 1, n_input: 1, acls: [0, 1] }],
      ...[span(1, 2, "RX_TX"), span(2, 1, "RX"), span(3, 1, "TX", true), xconnect(3, 1), arpProxy(1)],
      ["ip6nd_proxy_add_del", { sw_if_index: 1, is_add: true, ip: "fd00::9" }],
      ["ip6nd_proxy_enable_disable", { sw_if_index: 1, is_enable: true }],
      ...[isisx(1, 1, 2), isisx(1, 2, 1), abx(1, 1, 0, 1), abx(1, 2, 0, 2), abxAttach(1, 2, 1), abxAttach(1, 1, 2)],
      ...[abf(true, 1, 0, [fibPath(1, "10.0.0.2")]), abf(true, 2, 0, [fibPath(2, "10.0.9.2")])],
      ...[abfAttach(true, 2, 1), abfAttach(true, 1, 2)],
      ...[neighbor(true, 1, "10.0.0.2", STATIC), neighbor(true, 1, "10.0.0.3"), neighbor(true, 1, "fd00::3")],
      ...everything,
      ["delete_loopback", { sw_if_index: 1 }],
      ...everything,
      newLoopback,
      ...everything,
      ...[abxAttach(0, 2, 1), abfAttach(false, 2, 1), abxAttach(1, 2, 1), abfAttach(true, 2, 1)],
      ...[arpProxy(1), arpProxy(1, false), table(5, false)],
      ...everything,
    ],
  },
  {
    title: "IPv6 on a link is counted, and its link-local address stays when the MAC address changes",
    steps: [
      ...loopbacks,
      ...[
        ip6(1, true),
        ip6(1, true),
        linkLocal(1),
        ip6(1, false),
        linkLocal(1),
        ip6(1, false),
        ip6(1, false),
        linkLocal(1),
      ],
      ...[address(1, "fd00::1/64"), ip6(1, true), ip6(1, false), linkLocal(1), address(1, "fd00::1/64", false)],
      ...[linkLocal(1), ip6(99, true), address(1, "fd00::1/64")],
      ["sw_interface_set_mac_address", { sw_if_index: 1, mac_address: "02:00:00:00:00:ac" }],
      linkLocal(1),
      ...[unnumbered(1, 2), linkLocal(2), address(2, "10.9.0.1/24"), addresses(2), borrowers],
      ["hw_interface_set_mtu", { sw_if_index: 1, mtu: 1500 }],
    ],
  },
  {
    title: "an address of length 0 conflicts before it is too short",
    steps: [
      ...loopbacks,
      ...[address(1, "10.3.0.1/0"), address(1, "10.0.0.1/24"), address(1, "10.3.0.1/0")],
      ...[address(1, "::/0"), address(1, "fd00::1/64"), address(1, "::/0")],
    ],
  },
  {
    title: "a static neighbor stays where a learned one with another MAC address comes",
    steps: [
      ...loopbacks,
      ...[flags(1), address(1, "10.0.0.1/24"), neighbor(true, 1, "10.0.0.3", STATIC), neighbor(true, 1, "10.0.0.3")],
      ...[otherMac([]), neighbors("ADDRESS_IP4"), otherMac(STATIC), neighbors("ADDRESS_IP4")],
      ...[flags(1, false), neighbors("ADDRESS_IP4")],
    ],
  },
  {
    title: "a second id of a memif socket's path, proxies of IPv6, and a reason that VPP does not know",
    ignore: ["socket_filename"],
    steps: [
      ...[
        memifSocket(1, "one.sock"),
        memifSocket(2, "one.sock"),
        memif(),
        memif({ socket_id: 2, id: 0, role: "MEMIF_ROLE_API_SLAVE" }),
      ],
      ...[table(5, true, true), dhcpProxy(true, 5, "fd00::2", "fd00::1"), dhcpProxy(true, 5, "fd00::3", "fd00::9")],
      ["dhcp_proxy_dump", { is_ip6: true }],
      ...[table(7), arpRange(true, "10.0.0.0", "10.0.0.9", 7), table(7, false)],
      ["proxy_arp_dump"],
      deregister({ type: "PUNT_API_TYPE_EXCEPTION", punt: { exception: { id: 99 } } }),
    ],
  },
];
