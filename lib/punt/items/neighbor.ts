// Static neighbors on interconnects.
import type { IpNeighborFlags } from "../../binapi/index.js";
import { addressesKey } from "./addresses.js";
import type { Part } from "./item.js";
import { type ActContext, idAt, interfaceKey, isOnlyOurs, type Kind } from "./kind.js";
import { linkKey } from "./link.js";
import { unnumberedKey } from "./unnumbered.js";
import { NO_INDEX } from "./vpp-api.js";

interface Neighbor {
  readonly interface: string;
  readonly address: string;
  readonly mac: string;
  /** Whether it has a route of its own, so that packets to it need no resolution. Undefined: not compared. */
  readonly route?: boolean;
}

export function neighborKey(id: string, address: string): string {
  return `neighbor/${id}/${address}`;
}

export function neighborPart(id: string, address: string, mac: string): Part<Neighbor> {
  return { kind: "neighbor", key: neighborKey(id, address), value: { interface: id, address, mac } };
}

/** Returns a neighbor in a subnet of the interconnect with a MAC address that is known in advance. */
export function knownNeighborPart(id: string, address: string, mac: string): Part<Neighbor> {
  const value = { interface: id, address, mac, route: true };
  return { kind: "neighbor", key: neighborKey(id, address), value, after: [addressesKey(id)] };
}

/** A static neighbor. It is ours if it is on an interconnect. */
export const neighbor: Kind<Neighbor> = {
  async observe(context) {
    const families = ["ADDRESS_IP4", "ADDRESS_IP6"] as const;
    const dumps = await Promise.all(
      families.map((af) => context.vpp.dumpAll("ip_neighbor_dump", { sw_if_index: NO_INDEX, af })),
    );
    return dumps
      .flat()
      .filter(({ neighbor: entry }) => entry.flags.includes("IP_API_NEIGHBOR_FLAG_STATIC"))
      .map(({ neighbor: entry }) => {
        const route = !entry.flags.includes("IP_API_NEIGHBOR_FLAG_NO_FIB_ENTRY");
        const value = {
          interface: idAt(context, entry.sw_if_index),
          address: entry.ip_address,
          mac: entry.mac_address,
          route,
        };
        return {
          kind: "neighbor",
          key: neighborKey(value.interface, value.address),
          value,
          ours: isOnlyOurs(context, entry.sw_if_index),
        };
      });
  },

  create: (context, value) => set(context, value, true),

  delete: (context, { value }) => set(context, value, false),

  dependsOn: (value) => [interfaceKey(value.interface), linkKey(value.interface), unnumberedKey(value.interface)],
};

async function set({ vpp, indexOf }: ActContext, value: Neighbor, isAdd: boolean): Promise<void> {
  const flags: IpNeighborFlags[] = ["IP_API_NEIGHBOR_FLAG_STATIC"];
  if (!value.route) flags.push("IP_API_NEIGHBOR_FLAG_NO_FIB_ENTRY");
  const fields = { sw_if_index: indexOf(value.interface), flags, mac_address: value.mac, ip_address: value.address };
  await vpp.call("ip_neighbor_add_del", { is_add: isAdd, neighbor: fields });
}
