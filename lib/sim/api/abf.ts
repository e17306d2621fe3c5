// abf.api: policies and their attachments.
import type { AddressFamily } from "../dataplane/index.js";
import { VnetError } from "../vnet-error.js";
import type { ApiContext } from "./context.js";
import { type ApiFibPath, decodePath, encodePath } from "./fib-path.js";

interface ApiAttach {
  policy_id: number;
  sw_if_index: number;
  priority: number;
  is_ipv6: boolean;
}

/** abf.api. */
export function registerAbf({ registry, dp }: ApiContext): void {
  registry.reply("abf_plugin_get_version", () => ({ major: 1, minor: 0 }));
  registry.reply<{ is_add: boolean; policy: { policy_id: number; acl_index: number; paths: ApiFibPath[] } }>(
    "abf_policy_add_del",
    ({ is_add, policy }) => {
      if (policy.paths.length === 0) throw new VnetError("INVALID_VALUE", "an ABF policy needs paths");
      const paths = policy.paths.map((path) => decodePath(dp, path));
      if (is_add) dp.abf.update(policy.policy_id, policy.acl_index, paths);
      else dp.abf.delete(policy.policy_id, paths);
    },
  );
  registry.reply<{ is_add: boolean; attach: ApiAttach }>("abf_itf_attach_add_del", ({ is_add, attach }) => {
    const { policy_id, sw_if_index, priority, is_ipv6 } = attach;
    const family = is_ipv6 ? 6 : 4;
    if (is_add) dp.abf.attach(family, policy_id, priority, sw_if_index);
    else dp.abf.detach(family, policy_id, sw_if_index);
  });
  registry.dump("abf_policy_dump", function* () {
    for (const [policyId, { acl, paths }] of dp.abf.entries()) {
      const family: AddressFamily = typeof paths[0]?.nextHop === "string" ? 6 : 4;
      const encoded = paths.map((path) => encodePath(path, family));
      yield { policy: { policy_id: policyId, acl_index: acl, n_paths: encoded.length, paths: encoded } };
    }
  });
  registry.dump("abf_itf_attach_dump", function* () {
    for (const { policyId, swIfIndex, priority, family } of dp.abf.attached()) {
      yield { attach: { policy_id: policyId, sw_if_index: swIfIndex, priority, is_ipv6: family === 6 } };
    }
  });
}
