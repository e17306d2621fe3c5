// Interconnects that are TAPs.
import type { DetailsOf, RequestOf } from "../../binapi/index.js";
import { macAddress } from "../interconnect/index.js";
import type { Variant } from "./interface-variant.js";
import { NO_INDEX } from "./vpp-api.js";

export interface TapInterface {
  readonly via: "tap";
  readonly name: string;
  readonly mac: string;
  readonly cnfMac: string;
  /** Path of the CNF's namespace; "" for VPP's own. */
  readonly namespace: string;
  readonly gso: boolean;
}

/** A TAP. It is ours if its MAC address on the CNF's side follows from our owner and its name. */
export const tapVariant: Variant<TapInterface> = {
  async observe({ vpp, marks }) {
    if (!vpp.has("sw_interface_tap_v2_dump")) return new Map();
    const details = await vpp.dumpAll("sw_interface_tap_v2_dump", { sw_if_index: NO_INDEX });
    return new Map(
      details
        .filter((detail) => detail.host_mac_addr === macAddress(marks.seed + detail.host_if_name, "cnf"))
        .map((detail) => [detail.sw_if_index, tapOf(detail)]),
    );
  },

  async create(context, value) {
    const reply = await context.vpp.call("tap_create_v3", fieldsOf(value));
    return reply.sw_if_index;
  },

  async delete({ vpp }, { index }) {
    await vpp.call("tap_delete_v2", { sw_if_index: index! });
  },

  dependsOn: () => [],
};

function tapOf(detail: DetailsOf<"sw_interface_tap_v2_dump">): Omit<TapInterface, "name"> {
  const gso = detail.tap_flags.includes("TAP_API_FLAG_GSO");
  return { via: "tap", cnfMac: detail.host_mac_addr, namespace: detail.host_namespace, gso } as Omit<
    TapInterface,
    "name"
  >;
}

const baseFields = {
  id: NO_INDEX,
  use_random_mac: false,
  num_rx_queues: 1,
  num_tx_queues: 1,
  tx_ring_sz: 256,
  rx_ring_sz: 256,
  host_mtu_set: false,
  host_mtu_size: 0,
  host_ip4_prefix_set: false,
  host_ip4_prefix: "0.0.0.0/0",
  host_ip6_prefix_set: false,
  host_ip6_prefix: "::/0",
  host_ip4_gw_set: false,
  host_ip4_gw: "0.0.0.0",
  host_ip6_gw_set: false,
  host_ip6_gw: "::",
  host_bridge_set: false,
  host_bridge: "",
};

function fieldsOf({ name, mac, cnfMac, namespace, gso }: TapInterface): RequestOf<"tap_create_v3"> {
  return {
    ...baseFields,
    mac_address: mac,
    host_mac_addr_set: true,
    host_mac_addr: cnfMac,
    tap_flags: gso ? ["TAP_API_FLAG_GSO"] : [],
    host_namespace_set: namespace !== "",
    host_namespace: namespace,
    host_if_name_set: true,
    host_if_name: name,
    tag: name,
  };
}
