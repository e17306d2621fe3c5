// The VPP messages that each feature of the manager needs, with their stand-ins on older releases.
import type { MessageName, VppApi } from "./vpp-api.js";

/** Versions of one message, newest first. The manager uses the newest version in VPP. */
export type Versions = readonly [MessageName, ...MessageName[]];

export interface FeatureNeeds {
  /** The plugin that has the messages, as `show plugins` names it without `_plugin.so`; undefined for a part of VPP itself. */
  readonly plugin?: string;
  /** Whether every supported VPP has the plugin: then its configuration alone can disable it. */
  readonly stock?: true;
  /** The purpose for punts. */
  readonly use: string;
  /** The feature needs all of these messages, each in one of its versions. */
  readonly messages: readonly Versions[];
}

export const MEMIF_CREATE = ["memif_create_v2", "memif_create"] as const;
export const MEMIF_SOCKET = ["memif_socket_filename_add_del_v2", "memif_socket_filename_add_del"] as const;
export const AF_PACKET_CREATE = ["af_packet_create_v3", "af_packet_create_v2"] as const;

const only = (...names: MessageName[]): Versions[] => names.map((name) => [name]);

/** The only table of messages: the manager, `vpp-punt doctor` and docs/releases.md use it. */
export const FEATURE_NEEDS = {
  interfaces: {
    use: "interconnects of every type",
    messages: only(
      "sw_interface_dump",
      "sw_interface_set_flags",
      "sw_interface_set_mtu",
      "sw_interface_tag_add_del",
      "sw_interface_add_del_address",
      "sw_interface_set_table",
      "sw_interface_get_table",
      "sw_interface_set_unnumbered",
      "want_interface_events",
      "show_version",
      "cli_inband",
      "ip_address_dump",
      "ip_unnumbered_dump",
      "ip_table_dump",
    ),
  },
  neighbors: { use: "ABX by abf", messages: only("ip_neighbor_add_del", "ip_neighbor_dump") },
  memif: {
    plugin: "memif",
    stock: true,
    use: "interconnects of type MEMIF",
    messages: [MEMIF_CREATE, MEMIF_SOCKET, ...only("memif_delete", "memif_dump", "memif_socket_filename_dump")],
  },
  // tap is a plugin since 26.02, af_packet since 23.02. Before, they are parts of VPP and never missing.
  tap: {
    plugin: "tap",
    use: "interconnects of type TAP, where VPP can open /dev/vhost-net",
    messages: only("tap_create_v3", "tap_delete_v2", "sw_interface_tap_v2_dump"),
  },
  af_packet: {
    plugin: "af_packet",
    use: "interconnects of type TAP over a veth pair, where there is no /dev/vhost-net",
    messages: [AF_PACKET_CREATE, ...only("af_packet_delete", "af_packet_dump")],
  },
  xconnect: { use: "HAIRPIN_XCONNECT", messages: only("sw_interface_set_l2_xconnect", "l2_xconnect_dump") },
  span: { use: "SPAN", messages: only("sw_interface_span_enable_disable", "sw_interface_span_dump") },
  "punt-socket": {
    use: "PUNT_TO_SOCKET",
    messages: only("punt_socket_register", "punt_socket_deregister", "punt_socket_dump", "punt_reason_dump"),
  },
  dhcp: {
    plugin: "dhcp",
    stock: true,
    use: "DHCP_PROXY, and the DHCP client of HAIRPIN",
    messages: only("dhcp_proxy_config", "dhcp_proxy_dump", "dhcp_client_config", "dhcp_client_dump"),
  },
  acl: { plugin: "acl", stock: true, use: "rules of ABX", messages: only("acl_add_replace", "acl_del", "acl_dump") },
  abx: {
    plugin: "abx",
    use: "ABX (a plugin of StoneWork)",
    messages: only("abx_policy_add_del", "abx_policy_dump", "abx_interface_attach_detach", "abx_interface_attach_dump"),
  },
  abf: {
    plugin: "abf",
    stock: true,
    use: "ABX where there is no abx: unicast IP only",
    messages: only("abf_policy_add_del", "abf_policy_dump", "abf_itf_attach_add_del", "abf_itf_attach_dump"),
  },
  isisx: {
    plugin: "isisx",
    use: "ISISX (a plugin of StoneWork)",
    messages: only("isisx_connection_add_del", "isisx_connection_dump"),
  },
  "linux-cp-osi": {
    plugin: "linux_cp",
    stock: true,
    use: "ISISX over TAP where there is no isisx",
    messages: only("lcp_osi_proto_enable", "lcp_osi_proto_get", "lcp_itf_pair_add_del_v3", "lcp_itf_pair_get"),
  },
  "proxy-arp": {
    use: "a CNF that borrows an IPv4 address",
    messages: only("proxy_arp_add_del", "proxy_arp_dump", "proxy_arp_intfc_enable_disable", "proxy_arp_intfc_dump"),
  },
  "nd-proxy": { use: "a CNF that borrows an IPv6 address", messages: only("ip6nd_proxy_enable_disable") },
} as const satisfies Record<string, FeatureNeeds>;

/** An ability of VPP that a plan depends on. */
export type VppFeature = keyof typeof FEATURE_NEEDS;

export const VPP_FEATURES = Object.keys(FEATURE_NEEDS) as VppFeature[];

/** The plugin or the messages that VPP lacks for a feature. */
export interface Lack {
  readonly code: "ERR_PLUGIN_MISSING" | "ERR_MESSAGE_MISSING" | "ERR_NO_TAP";
  /** The plugin, or all versions of the messages. */
  readonly names: readonly string[];
  /** For people: `VPP has no plugin memif`. */
  readonly text: string;
}

type Has = (message: MessageName) => boolean;

/** Returns the lack of `feature`, or undefined if VPP has it. `has` tells whether VPP has a message. */
export function lackOf(feature: VppFeature, has: Has): Lack | undefined {
  const { plugin, messages }: FeatureNeeds = FEATURE_NEEDS[feature];
  const missing = messages.filter((versions) => !versions.some(has));
  if (missing.length === 0) return undefined;
  if (plugin !== undefined && !messages.some((versions) => versions.some(has)))
    return { code: "ERR_PLUGIN_MISSING", names: [plugin], text: `VPP has no plugin ${plugin}` };
  const names = missing.map((versions) => versions.join(" nor "));
  const owner = plugin === undefined ? "VPP" : `VPP's plugin ${plugin}`;
  const text = `${owner} has no message ${names.join(", no message ")} that this package knows`;
  return { code: "ERR_MESSAGE_MISSING", names: missing.flat(), text };
}

/** Returns the newest version of a message that VPP has; the newest of all if it has none, so that the call names the missing message. */
export function versionFor<N extends MessageName>(vpp: VppApi, versions: readonly [N, ...N[]]): N {
  return versions.find((name) => vpp.has(name)) ?? versions[0];
}

/** Tells what one VPP has of a feature. */
export interface FeatureReport {
  readonly feature: VppFeature;
  /** The purpose for punts. */
  readonly use: string;
  readonly available: boolean;
  /** Older messages that replace newer ones, which VPP lacks. */
  readonly instead: readonly string[];
  /** The code and the text of the lack, as an error of a punt has them. */
  readonly code?: Lack["code"];
  readonly reason?: string;
}

/** Returns what a VPP has of every feature. `has` tells whether it has a message. */
export function featureReports(has: Has): FeatureReport[] {
  return VPP_FEATURES.map((feature) => {
    const { use, messages }: FeatureNeeds = FEATURE_NEEDS[feature];
    const lack = lackOf(feature, has);
    if (lack) return { feature, use, available: false, instead: [], code: lack.code, reason: lack.text };
    const instead = messages.flatMap((versions) => {
      const used = versions.find(has);
      return used === undefined || used === versions[0] ? [] : [used];
    });
    return { feature, use, available: true, instead };
  });
}
