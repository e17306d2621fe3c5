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
  kind: "addresses",

  async observe({ interfaces }) {
    const ours = interfaces.filter((it) => it.ours && it.addresses !== undefined && it.addresses.length > 0);
    return ours.map((it) => ({ ...addressesPart(it.id, it.addresses!), ours: true }));
  },

  create: (context, value) => change(context, value.interface, [], value.addresses),

  update: (context, seen, value) => change(context, value.interface, seen.value.addresses, value.addresses),

  canUpdate: () => true,

  delete: (context, { value }) => change(context, value.interface, value.addresses, []),

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
  await Promise.all(from.filter((it) => !to.includes(it)).map((it) => set(it, false)));
  await Promise.all(to.filter((it) => !from.includes(it)).map((it) => set(it, true)));
}
