// Forwarding tables for unicast: prefixes, their sources and their paths.
import { type Address, type AddressFamily, maskAddress, maxPrefixLength, NO_INTERFACE } from "../vlib/index.js";

/** The sources of routes, by VPP's precedence: the first present source of a prefix decides. */
export const FIB_SOURCES = [
  "special",
  "interface",
  "api",
  "cli",
  "dhcp",
  "nd-proxy",
  "nd",
  "adj",
  "default-route",
] as const;
export type FibSource = (typeof FIB_SOURCES)[number];

/** VPP's numbers of these sources, as `ip_route_v2_dump` shows them (src/vnet/fib/fib_source.h). */
export const FIB_SOURCE_IDS: Record<FibSource, number> = {
  special: 1,
  interface: 4,
  api: 8,
  cli: 9,
  dhcp: 12,
  "nd-proxy": 13,
  nd: 14,
  adj: 15,
  "default-route": 20,
};

export type FibPathKind = "drop" | "receive" | "attached" | "next-hop" | "table";

/** One way to forward a packet: its kind, its interface and its neighbor. */
export interface FibPath {
  kind: FibPathKind;
  swIfIndex: number;
  /** "next-hop": the neighbor; without an interface (NO_INTERFACE), an address to look up again. */
  nextHop?: Address;
  /** Table of the second lookup. */
  tableId?: number;
  weight: number;
  preference: number;
}

export interface FibSourceEntry {
  paths: FibPath[];
  /** The prefix is a subnet of an interface, or an address of one. */
  connected: boolean;
}

export class FibEntry {
  readonly #sources = new Map<FibSource, FibSourceEntry>();
  /** Paths of the deciding source. Empty if the prefix has only sources of an interface that is down. */
  best: readonly FibPath[] = [];
  bestSource: FibSource = "default-route";

  /**
   * @param prefix with its host bits cleared
   * @param shown the prefix as it was first given, which VPP shows
   */
  constructor(
    readonly prefix: Address,
    readonly length: number,
    readonly shown: Address,
  ) {}

  get empty(): boolean {
    return this.#sources.size === 0;
  }

  source(name: FibSource): FibSourceEntry | undefined {
    return this.#sources.get(name);
  }

  set(name: FibSource, entry: FibSourceEntry): void {
    this.#sources.set(name, entry);
    this.#choose();
  }

  remove(name: FibSource): void {
    this.#sources.delete(name);
    this.#choose();
  }

  /** Any source says that the prefix lies on a link. */
  get attached(): boolean {
    for (const { connected, paths } of this.#sources.values()) {
      if (connected || paths.some((path) => path.kind === "attached")) return true;
    }
    return false;
  }

  /** Any source says that the address is this VPP's own. */
  get receives(): boolean {
    for (const { paths } of this.#sources.values()) if (paths.some((path) => path.kind === "receive")) return true;
    return false;
  }

  /** Interface of the first path that has one. */
  get resolvingInterface(): number {
    return this.best.find((path) => path.swIfIndex !== NO_INTERFACE)?.swIfIndex ?? NO_INTERFACE;
  }

  #choose(): void {
    const best = FIB_SOURCES.find((name) => this.#sources.has(name));
    this.bestSource = best ?? "default-route";
    this.best = best === undefined ? [] : preferred(this.#sources.get(best)!.paths);
  }
}

/** The paths of the lowest preference value: the others wait for these to go. */
function preferred(paths: FibPath[]): FibPath[] {
  const lowest = Math.min(...paths.map((path) => path.preference));
  return paths.filter((path) => path.preference === lowest);
}

/** A forwarding table: longest prefix match by one hash lookup for each prefix length in use. */
export class FibTable {
  readonly #byLength = new Map<number, Map<Address, FibEntry>>();
  #lengths: number[] = [];
  /** VPP's number of the table beside its id. */
  index = -1;
  /** The holders of the table, with their counts. The table ends with the last holder. */
  readonly locks = new Map<string, number>();

  constructor(
    readonly family: AddressFamily,
    readonly tableId: number,
    public name: string,
  ) {}

  set(prefix: Address, length: number, source: FibSource, paths: FibPath[], connected = false): FibEntry {
    const entry = this.#ensure(prefix, length);
    entry.set(source, { paths, connected });
    return entry;
  }

  /** Takes a source's route away. False: there was none. */
  remove(prefix: Address, length: number, source: FibSource): boolean {
    const entry = this.exact(prefix, length);
    if (entry?.source(source) === undefined) return false;
    entry.remove(source);
    if (entry.empty) this.#drop(entry);
    return true;
  }

  exact(prefix: Address, length: number): FibEntry | undefined {
    return this.#byLength.get(length)?.get(maskAddress(prefix, length));
  }

  /** Longest match of at most `longest` bits. */
  lookup(address: Address, longest = maxPrefixLength(this.family)): FibEntry | undefined {
    for (const length of this.#lengths) {
      if (length > longest) continue;
      const entry = this.#byLength.get(length)!.get(maskAddress(address, length));
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  *entries(): IterableIterator<FibEntry> {
    for (const length of [...this.#lengths].reverse()) yield* this.#byLength.get(length)!.values();
  }

  #ensure(given: Address, length: number): FibEntry {
    const prefix = maskAddress(given, length);
    let entries = this.#byLength.get(length);
    if (entries === undefined) {
      entries = new Map();
      this.#byLength.set(length, entries);
      this.#lengths = [...this.#byLength.keys()].sort((a, b) => b - a);
    }
    let entry = entries.get(prefix);
    if (entry === undefined) {
      entry = new FibEntry(prefix, length, given);
      entries.set(prefix, entry);
    }
    return entry;
  }

  #drop(entry: FibEntry): void {
    const entries = this.#byLength.get(entry.length)!;
    entries.delete(entry.prefix);
    if (entries.size > 0) return;
    this.#byLength.delete(entry.length);
    this.#lengths = [...this.#byLength.keys()].sort((a, b) => b - a);
  }
}

export function fibPath(kind: FibPathKind, swIfIndex = NO_INTERFACE, nextHop?: Address): FibPath {
  return { kind, swIfIndex, weight: 1, preference: 0, ...(nextHop === undefined ? {} : { nextHop }) };
}

/** Whether two paths lead the same way, whatever their weights and preferences. */
export function samePath(a: FibPath, b: FibPath): boolean {
  return a.kind === b.kind && a.swIfIndex === b.swIfIndex && a.nextHop === b.nextHop && a.tableId === b.tableId;
}
