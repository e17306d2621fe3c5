// Interface events, for the clients that want them.
import type { SwInterface } from "../dataplane/index.js";
import { VnetError } from "../vnet-error.js";
import { type ApiContext, statusFlags } from "./context.js";
import type { ApiClient } from "./registry.js";

/** want_interface_events and sw_interface_event. VPP collects the changes of one turn and sends one event for each interface. */
export function registerInterfaceEvents({ registry, dp }: ApiContext): void {
  const subscribers = new Map<ApiClient, number>();
  const changed = new Map<number, { swInterface: SwInterface; deleted: boolean }>();

  const send = () => {
    for (const [swIfIndex, { swInterface, deleted }] of changed) {
      const flags = deleted ? 0 : statusFlags(swInterface);
      for (const [client, pid] of subscribers) {
        client.event("sw_interface_event", { pid, sw_if_index: swIfIndex, flags, deleted });
      }
    }
    changed.clear();
  };
  dp.interfaces.onChange((swInterface, change) => {
    if (subscribers.size === 0) return;
    if (changed.size === 0) setImmediate(send);
    changed.set(swInterface.swIfIndex, { swInterface, deleted: change === "delete" });
  });
  registry.reply<{ enable_disable: number; pid: number }>(
    "want_interface_events",
    ({ enable_disable, pid }, client) => {
      if (subscribers.has(client) === (enable_disable !== 0)) {
        throw new VnetError("INVALID_REGISTRATION", `client ${client.index} is subscribed already, or not at all`);
      }
      if (enable_disable === 0) {
        subscribers.delete(client);
        return;
      }
      subscribers.set(client, pid);
      client.onGone(() => subscribers.delete(client));
    },
  );
}
