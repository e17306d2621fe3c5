// abx.api and isisx.api of the StoneWork plugins.
import { formatMac } from "../../net/index.js";
import { parseMac } from "../dataplane/index.js";
import type { ApiContext } from "./context.js";

interface ApiPolicy {
  policy_id: number;
  acl_index: number;
  tx_sw_if_index: number;
  dst_mac: string;
}

interface ApiAttach {
  policy_id: number;
  priority: number;
  rx_sw_if_index: number;
}

/** abx.api and isisx.api, the StoneWork plugins'. */
export function registerStoneWork(context: ApiContext): void {
  registerAbx(context);
  registerIsisx(context);
}

function registerAbx({ registry, dp }: ApiContext) {
  registry.reply("abx_plugin_get_version", () => ({ major: 1, minor: 0 }));
  registry.reply<{ is_add: number; policy: ApiPolicy }>("abx_policy_add_del", ({ is_add, policy }) => {
    if (is_add === 0) return dp.abx.delete(policy.policy_id);
    const { policy_id, acl_index, tx_sw_if_index, dst_mac } = policy;
    dp.abx.update(policy_id, { acl: acl_index, txSwIfIndex: tx_sw_if_index, dstMac: parseMac(dst_mac) });
  });
  registry.reply<{ is_attach: number; attach: ApiAttach }>("abx_interface_attach_detach", ({ is_attach, attach }) => {
    const { policy_id, priority, rx_sw_if_index } = attach;
    if (is_attach === 0) dp.abx.detach(policy_id, rx_sw_if_index);
    else dp.abx.attach(policy_id, priority, rx_sw_if_index);
  });
  registry.dump("abx_policy_dump", function* () {
    for (const [policyId, { acl, txSwIfIndex, dstMac }] of dp.abx.entries()) {
      const policy = { policy_id: policyId, acl_index: acl, tx_sw_if_index: txSwIfIndex, dst_mac: formatMac(dstMac) };
      yield { policy };
    }
  });
  registry.dump("abx_interface_attach_dump", function* () {
    for (const { policyId, priority, swIfIndex } of dp.abx.attached()) {
      yield { attach: { policy_id: policyId, priority, rx_sw_if_index: swIfIndex } };
    }
  });
}

function registerIsisx({ registry, dp }: ApiContext): void {
  registry.reply("isisx_plugin_get_version", () => ({ major: 1, minor: 0 }));
  registry.reply<{ is_add: number; connection: { rx_sw_if_index: number; tx_sw_if_index: number } }>(
    "isisx_connection_add_del",
    ({ is_add, connection }) => {
      if (is_add === 0) dp.isisx.disconnect(connection.rx_sw_if_index);
      else dp.isisx.connect(connection.rx_sw_if_index, connection.tx_sw_if_index);
    },
  );
  registry.dump("isisx_connection_dump", function* () {
    for (const [rx, tx] of dp.isisx.entries()) yield { connection: { rx_sw_if_index: rx, tx_sw_if_index: tx } };
  });
}
