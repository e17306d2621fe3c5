// lcp.api of the linux-cp plugin.
import { formatMac } from "../../net/index.js";
import { type LcpPair, NO_INTERFACE } from "../dataplane/index.js";
import { VnetError } from "../vnet-error.js";
import type { ApiContext } from "./context.js";
import { type Taps, tapArgs } from "./tap.js";

interface PairArgs {
  is_add: boolean;
  sw_if_index: number;
  host_if_name: string;
  host_if_type: string | number;
  /** Called `namespace` before 23.06. */
  netns?: string;
  namespace?: string;
}

/** lcp.api of the linux-cp plugin. */
export function registerLcp(context: ApiContext, taps: Taps) {
  const { registry, dp } = context;
  const addDel = async (args: PairArgs) =>
    args.is_add ? addPair(context, taps, args) : deletePair(context, taps, args);
  registry.reply<PairArgs>("lcp_itf_pair_add_del", async (args) => void (await addDel(args)));
  registry.reply<PairArgs>("lcp_itf_pair_add_del_v2", async (args) => {
    const pair = await addDel(args);
    return { host_sw_if_index: pair?.host.swIfIndex ?? NO_INTERFACE };
  });
  registry.reply<PairArgs>(
    "lcp_itf_pair_add_del_v3",
    async (args) => {
      const pair = await addDel(args);
      return { host_sw_if_index: pair?.host.swIfIndex ?? NO_INTERFACE, vif_index: pair?.vifIndex ?? NO_INTERFACE };
    },
    { vif_index: NO_INTERFACE },
  );
  const end = { cursor: NO_INTERFACE };
  registry.get("lcp_itf_pair_get", () => dp.lcp.pairs().map((pair) => details(context, pair)), end);
  registry.get<{ sw_if_index: number }>(
    "lcp_itf_pair_get_v2",
    ({ sw_if_index }) => {
      if (sw_if_index === NO_INTERFACE) return dp.lcp.pairs().map((pair) => details(context, pair));
      const pair = dp.lcp.find(sw_if_index);
      if (pair === undefined) throw new VnetError("INVALID_SW_IF_INDEX", `interface ${sw_if_index} has no pair`);
      return [details(context, pair)];
    },
    end,
  );
  registerSettings(context);
}

function registerSettings({ registry, dp }: ApiContext): void {
  registry.reply<{ osi_proto: number }>("lcp_osi_proto_enable", ({ osi_proto }) => dp.lcp.enableOsi(osi_proto));
  registry.reply("lcp_osi_proto_get", () => ({ osi_protos: Uint8Array.from(dp.lcp.enabledOsi()) }));
  registry.reply<{ netns?: string; namespace?: string }>("lcp_default_ns_set", ({ netns, namespace }) => {
    dp.lcp.defaultNamespace = netns ?? namespace ?? "";
  });
  registry.reply("lcp_default_ns_get", () => ({ netns: dp.lcp.defaultNamespace }));
}

async function addPair({ dp }: ApiContext, taps: Taps, args: PairArgs): Promise<LcpPair> {
  const phy = dp.interfaces.get(args.sw_if_index);
  if (dp.lcp.find(phy.swIfIndex) !== undefined) throw new VnetError("VALUE_EXIST", `${phy.name} has a pair already`);
  const isTun = args.host_if_type === "LCP_API_ITF_HOST_TUN";
  if (args.host_if_name === "" || /[\s/]/.test(args.host_if_name)) {
    throw new VnetError("INVALID_ARGUMENT", `"${args.host_if_name}" cannot be the name of a host interface`);
  }
  if (phy.mac === undefined && !isTun)
    throw new VnetError("INVALID_ARGUMENT", `${phy.name} is not an Ethernet interface: use TUN`);
  const namespace = args.netns || args.namespace || dp.lcp.defaultNamespace;
  const { swInterface, link } = await taps.create(
    tapArgs({
      host_if_name_set: true,
      host_if_name: args.host_if_name,
      host_namespace_set: namespace !== "",
      host_namespace: namespace,
      host_mac_addr_set: !isTun,
      host_mac_addr: phy.mac === undefined ? "" : formatMac(phy.mac),
      host_mtu_set: true,
      host_mtu_size: phy.mtu[0]!,
      tap_flags: isTun ? ["TAP_API_FLAG_TUN"] : [],
    }),
    "linux-cp",
  );
  const pair = { phy, host: swInterface, hostName: args.host_if_name, namespace, vifIndex: link.ifIndex, isTun };
  dp.lcp.add(pair);
  return pair;
}

function deletePair({ dp }: ApiContext, taps: Taps, { sw_if_index }: PairArgs): undefined {
  dp.interfaces.get(sw_if_index);
  taps.delete(dp.lcp.remove(sw_if_index).host);
}

function details({ table }: ApiContext, pair: LcpPair) {
  const old = table().schema.message("lcp_itf_pair_details").hasField("namespace");
  return {
    phy_sw_if_index: pair.phy.swIfIndex,
    host_sw_if_index: pair.host.swIfIndex,
    vif_index: pair.vifIndex,
    host_if_name: pair.hostName,
    host_if_type: pair.isTun ? "LCP_API_ITF_HOST_TUN" : "LCP_API_ITF_HOST_TAP",
    ...(old ? { namespace: pair.namespace } : { netns: pair.namespace }),
  };
}
