// Reads the facts that a plan is made from and compared with: VPP by its dumps, which are sent at once, and Linux.
import { existsSync } from "node:fs";
import type { Arguments, DetailsOf } from "../../binapi/index.js";
import type { PuntError } from "../../errors.js";
import type { Absence, Host } from "../../host/index.js";
import type { DeviceWays, Kind, KindName, MessageName, ObserveContext, Surroundings, VppApi } from "../items/index.js";
import {
  type Facts,
  type Feature,
  interfaceFinder,
  kinds,
  type Lack,
  type LocalHandlers,
  lackOf,
  observeInterfaces,
  observeLocalHandlers,
  type Seen,
  tableKey,
  VPP_FEATURES,
  type VppInterface,
} from "../items/index.js";
import { linksOnce } from "./links.js";
import { asPuntError, isDisconnect, isSilence } from "./look-errors.js";

/** Limits the reading to what the desired punts need: VPP reports addresses and tables of one interface at a time. */
export interface ReadScope {
  /** Names of interfaces, interconnects included, whose addresses and tables are read. */
  readonly interfaces: ReadonlySet<string>;
  /** Containers that punts wait for, such as `microservice:dns`. */
  readonly containers: ReadonlySet<string>;
  readonly namespaces: ReadonlyMap<number, string>;
  /** Paths of the namespaces in which punts want devices, by the device's name. */
  readonly expectedIn: ReadonlyMap<string, string>;
  /** Whether the routes for groups and for broadcast are read. */
  readonly multicast: boolean;
  /** Whether the bridge domains of interfaces are read. */
  readonly bridges: boolean;
  /** Which of VPP's own handlers are read. */
  readonly localHandlers: ReadonlySet<keyof LocalHandlers>;
}

/** Reads the facts. @throws PuntError if VPP does not answer, or its interfaces cannot be read: everything else refers to them */
export async function observe(from: Surroundings, scope: ReadScope): Promise<Facts> {
  const { namespaces, aliases } = await observeNamespaces(from.host, scope.namespaces);
  const present = reachable(scope.namespaces, namespaces);
  const distinct = new Map([...present].filter(([id]) => !aliases.has(id)));
  const { unreadable: unreadableNamespaces, ...links } = linksOnce(from.host, distinct);
  const surroundings = {
    ...from,
    ...links,
    vpp: withDumpsOnce(from.vpp),
    namespaces: present,
    expectedIn: scope.expectedIn,
  };
  const [found, tables, puntReasons, absentContainers, multicast, bridges, handlers] = await Promise.all([
    observeInterfaces(surroundings),
    observeTables(surroundings.vpp),
    observePuntReasons(surroundings.vpp),
    observeContainers(from.host, scope.containers),
    scope.multicast ? observeMulticast(from.vpp) : undefined,
    scope.bridges ? observeBridges(from.vpp) : undefined,
    observeLocalHandlers(from.vpp, scope.localHandlers),
  ]);
  const interfaces = await withLayer3(from.vpp, found.interfaces, scope.interfaces);
  const context = {
    ...surroundings,
    interfaces,
    interfaceAt: indexed(interfaces),
    ...handlers,
  };
  const { seen, unreadable } = await observeKinds(context, found.seen);
  return {
    ...featuresOf(from, interfaces),
    interfaces,
    interface: interfaceFinder(interfaces),
    tables,
    puntReasons,
    absentContainers,
    namespaces,
    aliases,
    absences: absencesOf(from.host, scope.namespaces, namespaces),
    ...multicast,
    ...bridges,
    ...handlers,
    seen,
    unreadable,
    unreadableNamespaces,
  };
}

async function observeTables(vpp: VppApi): Promise<Set<string>> {
  const details = await vpp.dumpAll("ip_table_dump", {});
  return new Set(details.map(({ table }) => tableKey(table.is_ip6 ? 6 : 4, table.table_id)));
}

/** This package knows no message for multicast routes, so VPP's command line prints them. */
async function observeMulticast(vpp: VppApi): Promise<Pick<Facts, "multicastRoutes" | "broadcastRoutes">> {
  const show = async (cmd: string) => (await vpp.call("cli_inband", { cmd })).reply;
  const commands = ["show ip mfib", "show ip6 mfib", "show ip fib 255.255.255.255/32"];
  const [ip4, ip6, broadcastRoutes = ""] = await Promise.all(commands.map(show));
  return { multicastRoutes: `${ip4}\n${ip6}`, broadcastRoutes };
}

/** This package knows no message for bridge domains either. */
async function observeBridges(vpp: VppApi): Promise<Pick<Facts, "bridged">> {
  const { reply } = await vpp.call("cli_inband", { cmd: "show mode" });
  const members = reply.matchAll(/^l2 bridge (\S+) bd_id (\d+)/gm);
  return { bridged: new Map([...members].map(([, name, domain]) => [name!, Number(domain)])) };
}

async function observePuntReasons(vpp: VppApi): Promise<Map<string, number>> {
  if (!vpp.has("punt_reason_dump")) return new Map();
  const details = await vpp.dumpAll("punt_reason_dump", { reason: { id: 0, name: "" } });
  return new Map(details.map(({ reason }) => [reason.name, reason.id]));
}

/** Returns the containers that do not run, each with the reason. */
async function observeContainers(host: Host, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, Absence>> {
  const absent = await Promise.all(
    [...wanted].map(async (name) => [name, await host.missesContainer?.(name)] as const),
  );
  return new Map(absent.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));
}

/** Two names may turn out to be those of one namespace, as of a container that did not run when its punts were added. */
async function observeNamespaces(
  host: Host,
  wanted: ReadonlyMap<number, string>,
): Promise<{ namespaces: Set<number>; aliases: Map<number, number> }> {
  const ids = [...wanted.keys()].sort((a, b) => a - b);
  const identities = await Promise.all(ids.map((id) => host.identify(wanted.get(id)!)));
  const first = new Map<string, number>();
  const aliases = new Map<number, number>();
  const namespaces = ids.filter((id, index) => {
    const identity = identities[index];
    if (identity === undefined) return false;
    const known = first.get(identity);
    if (known === undefined) first.set(identity, id);
    else aliases.set(id, known);
    return true;
  });
  return { namespaces: new Set(namespaces), aliases };
}

function absencesOf(
  host: Host,
  wanted: ReadonlyMap<number, string>,
  present: ReadonlySet<number>,
): NonNullable<Facts["absences"]> {
  const absent = [...wanted].filter(([id]) => !present.has(id));
  return new Map(absent.flatMap(([id, path]) => [[id, host.explain?.(path)] as const]).filter(isExplained));
}

function isExplained<K>(entry: readonly [K, Absence | undefined]): entry is readonly [K, Absence] {
  return entry[1] !== undefined;
}

function reachable(wanted: ReadonlyMap<number, string>, present: ReadonlySet<number>): Map<number, string> {
  return new Map([...wanted].filter(([id]) => present.has(id)));
}

function indexed(interfaces: readonly VppInterface[]): (index: number) => VppInterface | undefined {
  const byIndex = new Map(interfaces.map((found) => [found.swIfIndex, found]));
  return (index) => byIndex.get(index);
}

/** Adds addresses and tables to the interfaces in scope. Leaves out an interface that another client deletes during the look. */
async function withLayer3(
  vpp: VppApi,
  interfaces: readonly VppInterface[],
  names: ReadonlySet<string>,
): Promise<VppInterface[]> {
  const wanted = ({ id, tag, vppName }: VppInterface) => [id, tag, vppName].some((name) => names.has(name));
  const described: (VppInterface | undefined)[] = [];
  for (let start = 0; start < interfaces.length; start += INTERFACES_AT_ONCE) {
    const some = interfaces.slice(start, start + INTERFACES_AT_ONCE);
    described.push(...(await Promise.all(some.map((found) => (wanted(found) ? withItsLayer3(vpp, found) : found)))));
  }
  return described.filter((found) => found !== undefined);
}

async function withItsLayer3(vpp: VppApi, found: VppInterface): Promise<VppInterface | undefined> {
  try {
    return { ...found, ...(await layer3Of(vpp, found.swIfIndex)) };
  } catch (error) {
    if ((error as PuntError).code === "VPP_INVALID_SW_IF_INDEX") return undefined;
    throw error;
  }
}

/** Each of them takes several requests, and a client keeps a limited number of them waiting. */
const INTERFACES_AT_ONCE = 512;

async function layer3Of(vpp: VppApi, index: number): Promise<Pick<Required<VppInterface>, "addresses" | "tables">> {
  const perFamily = ([4, 6] as const).map((family) => ({ sw_if_index: index, is_ipv6: family === 6 }));
  const [dumps, [ip4, ip6]] = await Promise.all([
    Promise.all(perFamily.map((fields) => vpp.dumpAll("ip_address_dump", fields))),
    Promise.all(perFamily.map((fields) => vpp.call("sw_interface_get_table", fields))),
  ]);
  const addresses = dumps.flat().map((detail) => detail.prefix);
  return {
    addresses: addresses.filter((address) => !isLinkLocal(address)).sort(),
    tables: { 4: ip4.vrf_id, 6: ip6.vrf_id },
  };
}

function isLinkLocal(prefix: string): boolean {
  return /^fe[89ab]/.test(prefix);
}

/** A kind that cannot be read fails only the punts that need it. */
async function observeKinds(
  context: ObserveContext,
  first: readonly Seen[],
): Promise<Pick<Facts, "seen" | "unreadable">> {
  const unreadable = new Map<KindName, PuntError>();
  const found = await Promise.all(kinds.map(([name, kind]) => observeKind(name, kind, context, unreadable)));
  return { seen: new Map([...first, ...found.flat()].map((seen) => [seen.key, seen])), unreadable };
}

async function observeKind(
  name: KindName,
  kind: Kind,
  context: ObserveContext,
  unreadable: Map<KindName, PuntError>,
): Promise<Seen[]> {
  try {
    return await kind.observe(context);
  } catch (error) {
    if (isDisconnect(error) || isSilence(error)) throw error;
    unreadable.set(name, asPuntError(error, name));
    return [];
  }
}

/** Sends each dump once in one observation: several kinds read the same one. */
function withDumpsOnce(vpp: VppApi): VppApi {
  const dumps = new Map<string, Promise<unknown>>();
  return {
    has: (name) => vpp.has(name),
    call: (name, ...rest) => vpp.call(name, ...rest),
    dumpAll<N extends MessageName>(name: N, ...rest: Arguments<N>) {
      const key = `${name} ${JSON.stringify(rest[0] ?? {})}`;
      const known = (dumps.get(key) as Promise<DetailsOf<N>[]> | undefined) ?? vpp.dumpAll(name, ...rest);
      dumps.set(key, known);
      return known;
    },
  };
}

function featuresOf(
  { vpp, host, ways }: Surroundings,
  interfaces: Facts["interfaces"],
): Pick<Facts, "features" | "lacks"> {
  const lacks = new Map<Feature, Lack>();
  for (const feature of VPP_FEATURES) {
    const lack = lackOf(feature, (message) => vpp.has(message));
    if (lack !== undefined) lacks.set(feature, lack);
  }
  const features = new Set<Feature>(VPP_FEATURES.filter((feature) => !lacks.has(feature)));
  if (makesTaps(host, ways, interfaces)) features.add("vhost-net");
  else lacks.set("vhost-net", { code: "ERR_NO_TAP", names: ["/dev/vhost-net"], text: refusalOf(ways) });
  if (host.hasDevices === false) features.add("devices-inside");
  return { features, lacks };
}

const VHOST = "/dev/vhost-net";

/** VPP's names of TAPs. */
const TAP = /^tap\d+$/;

/**
 * A plan of a program that changes nothing has no trial to go by: a VPP that has a TAP makes TAPs, and another one is taken to run on
 * this machine.
 */
function makesTaps({ hasVhostNet }: Host, ways: DeviceWays, interfaces: Facts["interfaces"]): boolean {
  return hasVhostNet ?? ways.makesTaps ?? (interfaces.some(({ vppName }) => TAP.test(vppName)) || existsSync(VHOST));
}

function refusalOf({ refusal }: DeviceWays): string {
  return refusal === undefined ? `there is no ${VHOST}` : `VPP makes no TAP (${refusal}), as without ${VHOST}`;
}
