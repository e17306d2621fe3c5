// The proxies for neighbors' addresses: arp.api and ip6_nd.api.
import { formatAddress, parseAddress } from "../dataplane/index.js";
import type { ApiContext } from "./context.js";

/** The proxies for neighbors' addresses: arp.api and ip6_nd.api. */
export function registerProxies(context: ApiContext): void {
  registerArpProxy(context);
  registerNdProxy(context);
}

/** The first release whose dump of proxy ARP has the ids of tables: the ones before have VPP's indexes there. */
const FIRST_WITH_IDS = "25.10";

function registerArpProxy({ registry, dp, release }: ApiContext): void {
  registry.reply<{ is_add: boolean; proxy: { table_id: number; low: string; hi: string } }>(
    "proxy_arp_add_del",
    ({ is_add, proxy }) => {
      const low = parseAddress(proxy.low) as number;
      const high = parseAddress(proxy.hi) as number;
      dp.arpProxy.addDel({ tableId: proxy.table_id, low, high }, is_add);
    },
  );
  registry.dump("proxy_arp_dump", function* () {
    for (const { tableId, tableIndex, low, high } of dp.arpProxy.ranges()) {
      yield {
        proxy: {
          table_id: release < FIRST_WITH_IDS ? tableIndex : tableId,
          low: formatAddress(low),
          hi: formatAddress(high),
        },
      };
    }
  });
  registry.reply<{ sw_if_index: number; enable: boolean }>("proxy_arp_intfc_enable_disable", (args) => {
    dp.arpProxy.setEnabled(dp.interfaces.get(args.sw_if_index), args.enable);
  });
  registry.dump("proxy_arp_intfc_dump", function* () {
    for (const swIfIndex of dp.arpProxy.interfaces()) yield { sw_if_index: swIfIndex };
  });
}

function registerNdProxy({ registry, dp }: ApiContext): void {
  registry.reply<{ sw_if_index: number; is_add: boolean; ip: string }>("ip6nd_proxy_add_del", (args) => {
    const swInterface = dp.interfaces.get(args.sw_if_index);
    const address = parseAddress(args.ip) as string;
    if (args.is_add) dp.ndProxy.add(swInterface, address);
    else dp.ndProxy.remove(swInterface, address);
  });
  registry.reply<{ sw_if_index: number; is_enable: boolean }>("ip6nd_proxy_enable_disable", (args) => {
    dp.ndProxy.setEnabled(dp.interfaces.get(args.sw_if_index), args.is_enable);
  });
  registry.dump("ip6nd_proxy_dump", function* () {
    for (const { swInterface, address } of dp.ndProxy.values()) {
      yield { sw_if_index: swInterface.swIfIndex, ip: formatAddress(address) };
    }
  });
}
