// VPP's interfaces by their index.
import type { Vpp } from "../../binapi/index.js";
import type { DumpInterfaces } from "../../dump/index.js";
import { PuntError } from "../../errors.js";
import { interfaceMacs } from "../../net/index.js";

/** Every interface: VPP's own filters are not used. */
const ALL = { name_filter_valid: false, name_filter: "", sw_if_index: 0xffffffff };

/** Returns the indexes of VPP's interfaces by their tags. */
export async function tagsOf(vpp: Vpp): Promise<Map<string, number>> {
  const interfaces = await vpp.dumpAll("sw_interface_dump", ALL);
  return new Map(interfaces.map(({ tag, sw_if_index }) => [tag, sw_if_index]));
}

/** Returns VPP's interfaces. */
export async function interfacesOf(vpp: Vpp): Promise<DumpInterfaces> {
  const interfaces = await vpp.dumpAll("sw_interface_dump", ALL);
  const macOf = interfaceMacs(interfaces);
  const names = new Map(interfaces.map(({ sw_if_index, interface_name }) => [sw_if_index, interface_name]));
  const macs = new Map(interfaces.map((each) => [each.interface_name, { mac: macOf(each) }]));
  return { nameOf: (swIfIndex) => names.get(swIfIndex), find: (name) => macs.get(name) };
}

/** An interface that packets are injected to. */
export interface FoundInterface {
  readonly swIfIndex: number;
  /** Zeros for an interface without Ethernet. */
  readonly mac?: string;
}

/** Returns the interface of that name. @throws PuntError ERR_NO_INTERFACE */
export async function interfaceNamed(vpp: Vpp, name: string): Promise<FoundInterface> {
  const interfaces = await vpp.dumpAll("sw_interface_dump", ALL);
  const found = interfaces.find(({ interface_name }) => interface_name === name);
  if (found) return { swIfIndex: found.sw_if_index, mac: interfaceMacs(interfaces)(found) };
  const names = interfaces.map(({ interface_name }) => interface_name).join(", ");
  throw new PuntError("punt.inject", "ERR_NO_INTERFACE", `VPP has no interface ${name}; it has ${names}`, { name });
}
