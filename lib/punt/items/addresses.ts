// VPP's addresses of interconnects.
import type { Part } from "./item.js";
import { type ActContext, interfaceKey, type Kind } from "./kind.js";
import { tableItemKey } from "./table.js";

interface Addresses {
  readonly interface: string;
  /** With prefix length, sorted. */
  readonly addresses: readonly string[];
}

export function addressesKey(id: string): string {
  return `addresses/${id}`;
}

export function addressesPart(id: string, addresses: readonly string[]): Part<Addresses> {
  return { kind: "addresses", key: addressesKey(id), value: { interface: id, addresses: [...addresses].sort() } };
}

/** The addresses of an interconnect on VPP's side. */
export const addresses: Kind<Addresses> = {
  async observe({ interfaces }) {
    const ours = interfaces.filter(
      (found) => found.ours && found.addresses !== undefined && found.addresses.length > 0,
    );
    return ours.map((found) => ({ ...addressesPart(found.id, found.addresses!), ours: true }));
  },

  create: (context, value) => change(context, value.interface, [], value.addresses),

  update: (context, seen, value) => change(context, value.interface, seen.value.addresses, value.addresses),

  canUpdate: () => true,

  delete: (context, { value }) => change(context, value.interface, value.addresses, []),

  readWhereNamed: true,

  dependsOn: ({ interface: id }) => [interfaceKey(id), tableItemKey(id, 4), tableItemKey(id, 6)],
};

async function change(
  { vpp, indexOf }: ActContext,
  id: string,
  from: readonly string[],
  to: readonly string[],
): Promise<void> {
  const index = indexOf(id);
  const set = (prefix: string, is_add: boolean) =>
    vpp.call("sw_interface_add_del_address", { sw_if_index: index, is_add, del_all: false, prefix });
  await Promise.all(from.filter((address) => !to.includes(address)).map((address) => set(address, false)));
  await Promise.all(to.filter((address) => !from.includes(address)).map((address) => set(address, true)));
}
