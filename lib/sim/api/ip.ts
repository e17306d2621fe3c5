// Addresses, unnumbered interfaces and neighbors: ip.api and ip_neighbor.api.
import { formatMac } from "../../net/index.js";
import { formatAddress, formatPrefix, NO_INTERFACE, parseAddress, parseMac } from "../dataplane/index.js";
import { VnetError } from "../vnet-error.js";
import type { ApiContext } from "./context.js";

interface ApiNeighbor {
  sw_if_index: number;
  flags: (string | number)[];
  mac_address: string;
  ip_address: string;
}

/** Addresses, unnumbered interfaces and neighbors: ip.api and ip_neighbor.api. */
export function registerIp(context: ApiContext): void {
  registerAddressDumps(context);
  registerIp6(context);
  registerNeighbors(context);
}

function registerAddressDumps({ registry, dp }: ApiContext): void {
  registry.dump<{ sw_if_index: number; is_ipv6: boolean }>("ip_address_dump", function* ({ sw_if_index, is_ipv6 }) {
    const swInterface = dp.interfaces.find(sw_if_index);
    // An interface that borrows addresses shows none, not even its own.
    if (swInterface === undefined || swInterface.unnumberedTo !== undefined) return;
    for (const { address, length } of swInterface.ip(is_ipv6 ? 6 : 4).addresses)
      yield { sw_if_index, prefix: formatPrefix(address, length) };
  });
  registry.dump<{ sw_if_index: number }>("ip_unnumbered_dump", function* ({ sw_if_index }) {
    for (const { swIfIndex, unnumberedTo } of dp.interfaces.select(sw_if_index)) {
      if (unnumberedTo === undefined) continue;
      yield { sw_if_index: swIfIndex, ip_sw_if_index: unnumberedTo.swIfIndex };
    }
  });
}

function registerIp6({ registry, dp }: ApiContext) {
  registry.reply<{ sw_if_index: number; enable: boolean }>("sw_interface_ip6_enable_disable", (args) => {
    const swInterface = dp.interfaces.get(args.sw_if_index);
    const { name } = swInterface;
    // As in VPP, a refused request to turn it on counts.
    if (!args.enable && !dp.addresses.unlockLink(swInterface))
      throw new VnetError("IP6_NOT_ENABLED", `IPv6 of ${name} is off`);
    if (args.enable && !dp.addresses.lockLink(swInterface))
      throw new VnetError("VALUE_EXIST", `IPv6 of ${name} is on already`);
  });
  registry.reply<{ sw_if_index: number }>("sw_interface_ip6_get_link_local_address", ({ sw_if_index }) => {
    const { linkLocal } = dp.interfaces.get(sw_if_index);
    if (linkLocal === undefined) throw new VnetError("IP6_NOT_ENABLED", `IPv6 is off on interface ${sw_if_index}`);
    return { ip: formatAddress(linkLocal) };
  });
}

function registerNeighbors({ registry, dp }: ApiContext) {
  registry.reply<{ is_add: boolean; neighbor: ApiNeighbor }>(
    "ip_neighbor_add_del",
    ({ is_add, neighbor }) => {
      const { sw_if_index, flags, mac_address, ip_address } = neighbor;
      const swInterface = dp.interfaces.get(sw_if_index);
      const address = parseAddress(ip_address);
      const has = (flag: string) => flags.includes(`IP_API_NEIGHBOR_FLAG_${flag}`);
      if (is_add) {
        const known = dp.neighbors.find(sw_if_index, address);
        if (known?.isStatic && !has("STATIC") && formatMac(known.mac) !== mac_address)
          throw new VnetError("INVALID_SW_IF_INDEX", `${ip_address} is a static neighbor`);
        dp.neighbors.add(swInterface, address, parseMac(mac_address), has("STATIC"), has("NO_FIB_ENTRY"));
      } else if (!dp.neighbors.remove(swInterface, address)) {
        throw new VnetError("NO_SUCH_ENTRY", `${ip_address} is not a neighbor on ${swInterface.name}`);
      }
      return { stats_index: 0 };
    },
    { stats_index: 0xffffffff },
  );
  registry.dump<{ sw_if_index: number; af: string }>("ip_neighbor_dump", function* ({ sw_if_index, af }) {
    for (const neighbor of sw_if_index === NO_INTERFACE ? dp.neighbors.values() : dp.neighbors.on(sw_if_index)) {
      const { swInterface, address, mac, isStatic, noFibEntry, since } = neighbor;
      if ((typeof address === "number" ? "ADDRESS_IP4" : "ADDRESS_IP6") !== af) continue;
      const flags = [isStatic ? "STATIC" : "", noFibEntry ? "NO_FIB_ENTRY" : ""].filter((flag) => flag !== "");
      yield {
        age: (performance.now() - since) / 1000,
        neighbor: {
          sw_if_index: swInterface.swIfIndex,
          flags: flags.map((flag) => `IP_API_NEIGHBOR_FLAG_${flag}`),
          mac_address: formatMac(mac),
          ip_address: formatAddress(address),
        },
      };
    }
  });
}
