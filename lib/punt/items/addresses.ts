// VPP's addresses of interconnects.

import { conflictOf, type Holder, holderOf, isTaken } from "./address-conflict.js";
import { leasesOf } from "./dhcp-client.js";
import type { Part } from "./item.js";
import { type ActContext, interfaceKey, isClaimed, isManagersOwn, type Kind } from "./kind.js";
import { tableItemKey } from "./table.js";

interface Addresses {
  readonly interface: string;
  /** With prefix length, sorted. Leased ones are left out. */
  readonly addresses: readonly string[];
  /** Whether a request gave them. Absent in a wanted value. */
  readonly given?: boolean;
}

const PREFIX = "addresses/";

export function addressesKey(id: string): string {
  return `${PREFIX}${id}`;
}

/** Returns the interface of the addresses with that key. */
export function withAddresses(key: string): string | undefined {
  return key.startsWith(PREFIX) ? key.slice(PREFIX.length) : undefined;
}

export function addressesPart(id: string, addresses: readonly string[]): Part<Addresses> {
  return { kind: "addresses", key: addressesKey(id), value: { interface: id, addresses: [...addresses].sort() } };
}

/** The addresses of an interconnect on VPP's side. */
export const addresses: Kind<Addresses> = {
  async observe(context) {
    const leases = await leasesOf(context);
    return context.interfaces.flatMap(({ ours, id, swIfIndex, addresses: found = [] }) => {
      const own = ours ? found.filter((address) => leases.get(swIfIndex) !== address) : [];
      if (own.length === 0) return [];
      const { value, ...part } = addressesPart(id, own);
      return [{ ...part, value: { ...value, given: isClaimed(context.claims, part.key) }, ours: true }];
    });
  },

  create: (context, value) => change(context, value.interface, [], value.addresses),

  update: (context, seen, value) => change(context, value.interface, seen.value.addresses, value.addresses),

  canUpdate: () => true,

  delete: (context, { value }) => change(context, value.interface, value.addresses, []),

  // An operator gave the others.
  stays: ({ given }) => given === false,

  readWhereNamed: true,

  // The claim outlives the wish: of an interface that shall have none, the addresses would not be read.
  claim: () => "",

  dependsOn: ({ interface: id }) => [interfaceKey(id), tableItemKey(id, 4), tableItemKey(id, 6)],
};

async function change(context: ActContext, id: string, from: readonly string[], to: readonly string[]): Promise<void> {
  const { vpp, indexOf } = context;
  const index = indexOf(id);
  const set = (at: number, prefix: string, is_add: boolean) =>
    vpp.call("sw_interface_add_del_address", { sw_if_index: at, is_add, del_all: false, prefix });
  const add = async (prefix: string) => {
    try {
      await set(index, prefix, true);
    } catch (error) {
      if (!isTaken(error)) throw error;
      const holder = await holderOf(vpp, index, prefix).catch(() => undefined);
      if (holder === undefined || !isStray(context, holder, prefix)) throw conflictOf(error, prefix, holder);
      await set(holder.index, prefix, false);
      await set(index, prefix, true);
    }
  };
  await Promise.all(from.filter((address) => !to.includes(address)).map((address) => set(index, address, false)));
  await Promise.all(to.filter((address) => !from.includes(address)).map(add));
}

/**
 * Returns whether an address went to an interconnect that shall have none. An interface that is deleted by hand while it gets its address leaves
 * its index, and with it the address, to the next one.
 */
function isStray({ facts, claims }: ActContext, holder: Holder, prefix: string): boolean {
  const found = facts.interfaces.find(({ swIfIndex }) => swIfIndex === holder.index);
  return holder.prefix === prefix && isManagersOwn(found) && !isClaimed(claims, addressesKey(found!.id));
}
