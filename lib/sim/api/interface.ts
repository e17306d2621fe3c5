// interface.api, except loopbacks.
import type { MessageValue } from "../../binapi/index.js";
import { formatMac } from "../../net/index.js";
import { NO_INTERFACE, parseMac, parsePrefix, type SwInterface } from "../dataplane/index.js";
import { VnetError } from "../vnet-error.js";
import { type ApiContext, statusFlags } from "./context.js";

const ADMIN_UP = "IF_STATUS_API_FLAG_ADMIN_UP";

interface OfInterface {
  sw_if_index: number;
}

/** Registers interface.api, except loopbacks. */
export function registerInterface(context: ApiContext): void {
  registerState(context);
  registerAddresses(context);
  registerAttributes(context);
}

function registerState({ registry, dp }: ApiContext): void {
  registry.dump<OfInterface & { name_filter_valid: boolean; name_filter: string }>(
    "sw_interface_dump",
    function* (args) {
      const { sw_if_index, name_filter_valid, name_filter } = args;
      // VPP takes index 0 as all, and prefers a filter to an index.
      if (!name_filter_valid && sw_if_index !== NO_INTERFACE && sw_if_index !== 0) {
        const one = dp.interfaces.find(sw_if_index);
        if (one !== undefined) yield details(one);
        return;
      }
      const filter = name_filter_valid ? name_filter.toLowerCase() : "";
      for (const swInterface of dp.interfaces.values()) {
        if (swInterface.name.toLowerCase().includes(filter)) yield details(swInterface);
      }
    },
  );
  registry.reply<OfInterface & { flags: (string | number)[] }>("sw_interface_set_flags", ({ sw_if_index, flags }) => {
    dp.interfaces.setAdmin(dp.interfaces.get(sw_if_index), flags.includes(ADMIN_UP));
  });
}

function registerAddresses({ registry, dp }: ApiContext) {
  registry.reply<OfInterface & { is_add: boolean; del_all: boolean; prefix: string }>(
    "sw_interface_add_del_address",
    ({ sw_if_index, is_add, del_all, prefix }) => {
      const swInterface = dp.interfaces.get(sw_if_index);
      if (del_all) return dp.addresses.removeAll(swInterface);
      const { address, length } = parsePrefix(prefix);
      if (is_add) dp.addresses.add(swInterface, address, length);
      else dp.addresses.remove(swInterface, address, length);
    },
  );
  registry.reply<OfInterface & { is_ipv6: boolean; vrf_id: number }>("sw_interface_set_table", (args) => {
    dp.addresses.bind(dp.interfaces.get(args.sw_if_index), args.is_ipv6 ? 6 : 4, args.vrf_id);
  });
  registry.reply<OfInterface & { is_ipv6: boolean }>(
    "sw_interface_get_table",
    ({ sw_if_index, is_ipv6 }) => ({ vrf_id: dp.interfaces.get(sw_if_index).ip(is_ipv6 ? 6 : 4).table.tableId }),
    { vrf_id: NO_INTERFACE },
  );
  registry.reply<OfInterface & { unnumbered_sw_if_index: number; is_add: boolean }>(
    "sw_interface_set_unnumbered",
    ({ sw_if_index, unnumbered_sw_if_index, is_add }) => {
      const borrower = dp.interfaces.get(unnumbered_sw_if_index);
      const source = dp.interfaces.find(sw_if_index);
      if (is_add && source === undefined) {
        throw new VnetError("INVALID_SW_IF_INDEX_2", `there is no interface ${sw_if_index}`);
      }
      dp.addresses.setUnnumbered(borrower, source ?? borrower, is_add);
    },
  );
}

function registerAttributes({ registry, dp }: ApiContext) {
  registry.reply<OfInterface & { mac_address: string }>("sw_interface_set_mac_address", (args) => {
    const swInterface = dp.interfaces.get(args.sw_if_index);
    if (swInterface.mac === undefined) throw new VnetError("UNIMPLEMENTED", `${swInterface.name} has no MAC address`);
    swInterface.mac = parseMac(args.mac_address);
  });
  registry.reply<OfInterface>("sw_interface_get_mac_address", ({ sw_if_index }) => {
    const { mac } = dp.interfaces.get(sw_if_index);
    return { mac_address: formatMac(mac ?? new Uint8Array(6)) };
  });
  registry.reply<OfInterface & { mtu: number }>("hw_interface_set_mtu", ({ sw_if_index, mtu }) => {
    const swInterface = dp.interfaces.get(sw_if_index);
    if (swInterface.mac === undefined)
      throw new VnetError("FEATURE_DISABLED", `${swInterface.name} is not an Ethernet interface`);
    if (swInterface.device.className === "Loopback")
      throw new VnetError("UNSUPPORTED", `${swInterface.name} has the MTU of its class`);
    swInterface.linkMtu = mtu;
    swInterface.mtu[0] = mtu;
  });
  registry.reply<OfInterface & { mtu: number[] }>("sw_interface_set_mtu", ({ sw_if_index, mtu }) => {
    dp.interfaces.get(sw_if_index).mtu = [...mtu];
  });
  registry.reply<OfInterface & { is_add: boolean; tag: string }>("sw_interface_tag_add_del", (args) => {
    const swInterface = dp.interfaces.get(args.sw_if_index);
    if (args.is_add && args.tag === "") throw new VnetError("INVALID_VALUE", "an empty tag");
    swInterface.tag = args.is_add ? args.tag : "";
  });
  registry.reply<OfInterface>("sw_interface_set_rx_mode", ({ sw_if_index }) => {
    const { name, device } = dp.interfaces.get(sw_if_index);
    // VPP cannot set the mode of an interface without receive queues.
    if (device.className === "Loopback") throw new VnetError("UNIMPLEMENTED", `${name} has no receive queues`);
  });
  registry.reply<OfInterface>("sw_interface_set_promisc", ({ sw_if_index }) => void dp.interfaces.get(sw_if_index));
}

/** One literal of all fields: spreads make a dump of thousands of interfaces several times as slow. */
function details(swInterface: SwInterface): MessageValue {
  const { swIfIndex, subinterface } = swInterface;
  const vlan = subinterface?.vlan ?? 0;
  return {
    sw_if_index: swIfIndex,
    sup_sw_if_index: subinterface?.parent.swIfIndex ?? swIfIndex,
    // VPP reports the address of hardware only.
    l2_address: formatMac((subinterface === undefined && swInterface.mac) || NO_MAC),
    flags: statusFlags(swInterface),
    type: subinterface === undefined ? "IF_API_TYPE_HARDWARE" : "IF_API_TYPE_SUB",
    link_duplex: "LINK_DUPLEX_API_UNKNOWN",
    link_speed: 0,
    link_mtu: swInterface.linkMtu,
    mtu: swInterface.mtu,
    sub_id: vlan,
    sub_number_of_tags: subinterface === undefined ? 0 : 1,
    sub_outer_vlan_id: vlan,
    sub_inner_vlan_id: 0,
    sub_if_flags: subinterface === undefined ? 0 : VLAN_FLAGS,
    vtr_op: 0,
    vtr_push_dot1q: 0,
    vtr_tag1: 0,
    vtr_tag2: 0,
    outer_tag: 0,
    b_dmac: "00:00:00:00:00:00",
    b_smac: "00:00:00:00:00:00",
    b_vlanid: 0,
    i_sid: 0,
    interface_name: swInterface.name,
    interface_dev_type: swInterface.device.className,
    tag: swInterface.tag,
  };
}

const NO_MAC = new Uint8Array(6);
const VLAN_FLAGS = ["SUB_IF_API_FLAG_ONE_TAG", "SUB_IF_API_FLAG_EXACT_MATCH"];
