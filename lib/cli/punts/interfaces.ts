// VPP's interfaces by their index.
import type { Vpp } from "../../binapi/index.js";

/** Every interface: VPP's own filters are not used. */
const ALL = { name_filter_valid: false, name_filter: "", sw_if_index: 0xffffffff };

/** Returns the indexes of VPP's interfaces by their tags. */
export async function tagsOf(vpp: Vpp): Promise<Map<string, number>> {
  const interfaces = await vpp.dumpAll("sw_interface_dump", ALL);
  return new Map(interfaces.map(({ tag, sw_if_index }) => [tag, sw_if_index]));
}

/** Returns the names of VPP's interfaces by sw_if_index. */
export async function interfacesOf(vpp: Vpp): Promise<Map<number, string>> {
  const interfaces = await vpp.dumpAll("sw_interface_dump", ALL);
  return new Map(interfaces.map(({ sw_if_index, interface_name }) => [sw_if_index, interface_name]));
}
