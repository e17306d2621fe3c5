// Layer 3 of an interface in VPP, by its tag or name.
import type { Vpp } from "../../../lib/binapi/index.js";

export async function indexOf(vpp: Vpp, name: string): Promise<number> {
  const details = await vpp.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
  return details.find(({ tag, interface_name }) => tag === name || interface_name === name)!.sw_if_index;
}

export async function addressesOf(vpp: Vpp, name: string): Promise<string[]> {
  const details = await vpp.dumpAll("ip_address_dump", { sw_if_index: await indexOf(vpp, name), is_ipv6: false });
  return details.map(({ prefix }) => prefix);
}

export async function setAddress(vpp: Vpp, name: string, prefix: string, is_add: boolean): Promise<void> {
  const sw_if_index = await indexOf(vpp, name);
  await vpp.call("sw_interface_add_del_address", { sw_if_index, is_add, del_all: false, prefix });
}

export async function tableOf(vpp: Vpp, name: string): Promise<number> {
  return (await vpp.call("sw_interface_get_table", { sw_if_index: await indexOf(vpp, name), is_ipv6: false })).vrf_id;
}

/** Moves an interface with one address into another VRF, as an operator does. */
export async function moveToTable(vpp: Vpp, name: string, vrf_id: number): Promise<void> {
  const [address] = await addressesOf(vpp, name);
  await setAddress(vpp, name, address!, false);
  await vpp.call("sw_interface_set_table", { sw_if_index: await indexOf(vpp, name), is_ipv6: false, vrf_id });
  await setAddress(vpp, name, address!, true);
}
