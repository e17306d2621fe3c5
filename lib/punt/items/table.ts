// FIB tables of interconnects.
import type { Family } from "../../net/index.js";
import type { Part } from "./item.js";
import { interfaceKey, type Kind } from "./kind.js";

interface Table {
  readonly interface: string;
  readonly family: Family;
  readonly table: number;
}

export function tableItemKey(id: string, family: Family): string {
  return `table/${id}/${family}`;
}

/** Returns the interface of the table with that key. */
export function withTable(key: string): string | undefined {
  return /^table\/(.+)\/[46]$/.exec(key)?.[1];
}

export function tablePart(value: Table): Part<Table> {
  return { kind: "table", key: tableItemKey(value.interface, value.family), value };
}

/**
 * The FIB table of an interconnect. To correct a wrong table, everything on the interface is deleted and created again: VPP does not
 * move an interface with addresses.
 */
export const table: Kind<Table> = {
  async observe({ interfaces }) {
    const ours = interfaces.filter((found) => found.ours && found.tables);
    return ours.flatMap(({ id, tables }) =>
      ([4, 6] as const)
        .map((family) => ({ interface: id, family, table: tables![family] }))
        .filter((value) => value.table !== 0)
        .map((value) => ({ kind: "table", key: tableItemKey(id, value.family), value, ours: true })),
    );
  },

  async create({ vpp, indexOf }, value) {
    await vpp.call("sw_interface_set_table", {
      sw_if_index: indexOf(value.interface),
      is_ipv6: value.family === 6,
      vrf_id: value.table,
    });
  },

  async delete({ vpp, indexOf }, { value }) {
    await vpp.call("sw_interface_set_table", {
      sw_if_index: indexOf(value.interface),
      is_ipv6: value.family === 6,
      vrf_id: 0,
    });
  },

  readWhereNamed: true,

  comesFirst: true,

  // As for addresses: the table would not be read without it.
  claim: () => "",

  dependsOn: (value) => [interfaceKey(value.interface)],
};
