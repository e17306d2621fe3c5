// VPP's interfaces by their index.
import type { Vpp } from "../binapi/index.js";

/** Every interface: VPP's own filters are not used. */
const ALL = { name_filter_valid: false, name_filter: "", sw_if_index: 0xffffffff };

/** Returns the names of VPP's interfaces by sw_if_index. */
export async function interfacesOf(vpp: Vpp): Promise<Map<number, string>> {
  const names = new Map<number, string>();
  for await (const detail of vpp.dump("sw_interface_dump", ALL)) {
    const { sw_if_index, interface_name } = detail as { sw_if_index: number; interface_name: string };
    names.set(sw_if_index, interface_name);
  }
  return names;
}
