// L2 cross-connects.
import type { Seen } from "./facts.js";
import type { Part } from "./item.js";
import { type ActContext, idAt, interfaceKey, isGone, isOnlyOurs, type Kind, type ObserveContext } from "./kind.js";
import { NO_INDEX } from "./vpp-api.js";

interface Xconnect {
  readonly rx: string;
  readonly tx: string;
}

export function xconnectKey(rx: string): string {
  return `xconnect/${rx}`;
}

export function xconnectPart(rx: string, tx: string): Part<Xconnect> {
  return { kind: "xconnect", key: xconnectKey(rx), value: { rx, tx } };
}

/** One direction of an L2 cross-connect. It is ours if it begins or ends at an interconnect, or did so while the interconnect was there. */
export const xconnect: Kind<Xconnect> = {
  async observe(context) {
    const details = await context.vpp.dumpAll("l2_xconnect_dump", {});
    return Promise.all(details.map((detail) => seenXconnect(context, detail.rx_sw_if_index, detail.tx_sw_if_index)));
  },

  create: (context, { rx, tx }) => set(context, context.indexOf(rx), context.indexOf(tx), true),

  delete: (context, { value, index }) => set(context, index ?? context.indexOf(value.rx), NO_INDEX, false),

  claim: () => "",

  dependsOn: ({ rx, tx }) => [interfaceKey(rx), interfaceKey(tx)],
};

async function seenXconnect(context: ObserveContext, rxIndex: number, txIndex: number): Promise<Seen<Xconnect>> {
  const [rx, tx] = [idAt(context, rxIndex), idAt(context, txIndex)];
  const isKept = context.claims.has(xconnectKey(rx)) && (await isGone(context, txIndex));
  const ours = isKept || isOnlyOurs(context, rxIndex) || isOnlyOurs(context, txIndex);
  return { kind: "xconnect", key: xconnectKey(rx), value: { rx, tx }, ours, index: rxIndex };
}

async function set({ vpp }: ActContext, rx: number, tx: number, enable: boolean): Promise<void> {
  await vpp.call("sw_interface_set_l2_xconnect", { rx_sw_if_index: rx, tx_sw_if_index: tx, enable });
}
