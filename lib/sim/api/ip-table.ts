// Tables and routes of ip.api.
import {
  FIB_SOURCE_IDS,
  FIB_SOURCES,
  type FibEntry,
  type FibSource,
  type FibTable,
  formatAddress,
  formatPrefix,
  type IpTables,
  isMulticast,
  parsePrefix,
  samePath,
} from "../dataplane/index.js";
import { VnetError } from "../vnet-error.js";
import type { ApiContext } from "./context.js";
import { type ApiFibPath, decodePath, encodePath } from "./fib-path.js";

interface ApiTable {
  table_id: number;
  is_ip6: boolean;
  name: string;
}

interface ApiRoute {
  table_id: number;
  prefix: string;
  src?: number;
  paths: ApiFibPath[];
}

/** Tables and routes of ip.api. */
export function registerIpTables(context: ApiContext): void {
  const { registry, dp } = context;
  const tables = (isIp6: boolean): IpTables => (isIp6 ? dp.ip6 : dp.ip4);
  for (const name of ["ip_table_add_del", "ip_table_add_del_v2"]) {
    registry.reply<{ is_add: boolean; table: ApiTable }>(name, ({ is_add, table }) => {
      tables(table.is_ip6).addDel(table.table_id, is_add, table.name);
    });
  }
  registry.dump("ip_table_dump", function* () {
    for (const isIp6 of [false, true]) {
      for (const { tableId, name } of tables(isIp6).values()) {
        yield { table: { table_id: tableId, is_ip6: isIp6, name } };
      }
    }
  });
  registerRoutes(context, tables);
}

function registerRoutes({ registry, dp }: ApiContext, tables: (isIp6: boolean) => IpTables): void {
  for (const name of ["ip_route_add_del", "ip_route_add_del_v2"]) {
    registry.reply<{ is_add: boolean; is_multipath: boolean; route: ApiRoute }>(
      name,
      (args) => ({ stats_index: addDelRoute(dp, args) }),
      { stats_index: 0xffffffff },
    );
  }
  registry.dump<{ table: ApiTable }>("ip_route_dump", function* ({ table }) {
    const fib = tables(table.is_ip6).find(table.table_id);
    for (const entry of fib?.entries() ?? []) yield { route: routeDetails(fib!, entry) };
  });
  registry.dump<{ src: number; table: ApiTable }>("ip_route_v2_dump", function* ({ src, table }) {
    const fib = tables(table.is_ip6).find(table.table_id);
    for (const entry of fib?.entries() ?? []) {
      if (src !== 0 && !FIB_SOURCES.some((name) => FIB_SOURCE_IDS[name] === src && entry.source(name))) continue;
      yield { route: { ...routeDetails(fib!, entry), src: FIB_SOURCE_IDS[entry.bestSource] } };
    }
  });
}

function routeDetails(table: FibTable, { shown, length, best }: FibEntry) {
  return {
    table_id: table.tableId,
    stats_index: 0,
    prefix: formatPrefix(shown, length),
    paths: best.map((path) => encodePath(path, table.family)),
  };
}

function addDelRoute(dp: ApiContext["dp"], args: { is_add: boolean; is_multipath: boolean; route: ApiRoute }): number {
  const { is_add, is_multipath, route } = args;
  const { address, length } = parsePrefix(route.prefix);
  const isIp6 = typeof address === "string";
  const table = (isIp6 ? dp.ip6 : dp.ip4).get(route.table_id);
  if (length > (isIp6 ? 128 : 32)) throw new VnetError("INVALID_PREFIX_LENGTH", `${route.prefix}: too long`);
  if (isMulticast(address) && length >= 8) {
    throw new VnetError("INVALID_PREFIX_LENGTH", `${formatAddress(address)} is a multicast group`);
  }
  const paths = route.paths.map((path) => decodePath(dp, path));
  const source = sourceOf(route.src ?? 0);
  const old = table.exact(address, length)?.source(source)?.paths ?? [];
  if ((is_add || is_multipath) && paths.length === 0) throw new VnetError("NO_PATHS_IN_ROUTE", "a route needs paths");
  if (!is_add && !is_multipath) {
    table.remove(address, length, source);
    return 0;
  }
  const others = is_multipath ? old.filter((path) => !paths.some((given) => samePath(given, path))) : [];
  const left = is_add ? [...others, ...paths] : others;
  if (left.length > 0) table.set(address, length, source, left);
  else table.remove(address, length, source);
  return 0;
}

function sourceOf(id: number): FibSource {
  return FIB_SOURCES.find((name) => FIB_SOURCE_IDS[name] === id) ?? "api";
}
