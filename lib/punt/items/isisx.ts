// Connections of the plugin isisx, which carry IS-IS.
import type { Part } from "./item.js";
import { idAt, interfaceKey, isOnlyOurs, type Kind } from "./kind.js";

interface Connection {
  readonly rx: string;
  readonly tx: string;
}

function keyOf(rx: string): string {
  return `isisx/${rx}`;
}

export function isisxPart(rx: string, tx: string): Part<Connection> {
  return { kind: "isisx", key: keyOf(rx), value: { rx, tx } };
}

/** Carries IS-IS from one interface to another, by the plugin isisx. It is ours if it begins or ends at an interconnect. */
export const isisx: Kind<Connection> = {
  async observe(context) {
    if (!context.vpp.has("isisx_connection_dump")) return [];
    const details = await context.vpp.dumpAll("isisx_connection_dump", {});
    return details.map(({ connection: { rx_sw_if_index, tx_sw_if_index } }) => {
      const value = { rx: idAt(context, rx_sw_if_index), tx: idAt(context, tx_sw_if_index) };
      const ours = isOnlyOurs(context, rx_sw_if_index) || isOnlyOurs(context, tx_sw_if_index);
      return { kind: "isisx", key: keyOf(value.rx), value, ours };
    });
  },

  async create({ vpp, indexOf }, { rx, tx }) {
    await vpp.call("isisx_connection_add_del", {
      is_add: 1,
      connection: { rx_sw_if_index: indexOf(rx), tx_sw_if_index: indexOf(tx) },
    });
  },

  async delete({ vpp, indexOf }, { value: { rx, tx } }) {
    await vpp.call("isisx_connection_add_del", {
      is_add: 0,
      connection: { rx_sw_if_index: indexOf(rx), tx_sw_if_index: indexOf(tx) },
    });
  },

  dependsOn: ({ rx, tx }) => [interfaceKey(rx), interfaceKey(tx)],
};
