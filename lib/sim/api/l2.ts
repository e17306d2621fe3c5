// The cross-connect of l2.api, and span.api.
import { VnetError } from "../vnet-error.js";
import type { ApiContext } from "./context.js";

const SPAN_STATES = [
  "SPAN_STATE_API_DISABLED",
  "SPAN_STATE_API_RX",
  "SPAN_STATE_API_TX",
  "SPAN_STATE_API_RX_TX",
] as const;

/** The cross-connect of l2.api, and span.api. */
export function registerL2(context: ApiContext): void {
  registerXconnect(context);
  registerSpan(context);
}

function registerXconnect({ registry, dp }: ApiContext) {
  registry.reply<{ rx_sw_if_index: number; tx_sw_if_index: number; enable: boolean }>(
    "sw_interface_set_l2_xconnect",
    ({ rx_sw_if_index, tx_sw_if_index, enable }) => {
      const rx = dp.interfaces.get(rx_sw_if_index);
      if (!enable) return dp.xconnect.clear(rx);
      const tx = dp.interfaces.find(tx_sw_if_index);
      if (tx === undefined) throw new VnetError("INVALID_SW_IF_INDEX", `there is no interface ${tx_sw_if_index}`);
      dp.xconnect.set(rx, tx);
    },
  );
  registry.dump("l2_xconnect_dump", function* () {
    for (const { rx, tx } of dp.xconnect.pairs()) yield { rx_sw_if_index: rx, tx_sw_if_index: tx };
  });
}

function registerSpan({ registry, dp }: ApiContext): void {
  registry.reply<{ sw_if_index_from: number; sw_if_index_to: number; state: string | number; is_l2: boolean }>(
    "sw_interface_span_enable_disable",
    ({ sw_if_index_from, sw_if_index_to, state, is_l2 }) => {
      const number = typeof state === "number" ? state : (SPAN_STATES as readonly string[]).indexOf(state);
      dp.span.set(sw_if_index_from, sw_if_index_to, number, is_l2);
    },
  );
  registry.dump<{ is_l2: boolean }>("sw_interface_span_dump", function* ({ is_l2 }) {
    for (const { from, to, rx, tx } of dp.span.mirrors(is_l2)) {
      const state = SPAN_STATES[(rx ? 1 : 0) + (tx ? 2 : 0)];
      yield { sw_if_index_from: from, sw_if_index_to: to, state, is_l2 };
    }
  });
}
