// The nodes ip4-lookup and ip6-lookup.
import type { FibEntry, FibPath, IpTables } from "../fib/index.js";
import type { Plane } from "../interface/index.js";
import { type Address, type AddressFamily, isLinkLocal6, NO_INTERFACE, type Packet } from "../vlib/index.js";
import { type IpHeader, parseIp4, parseIp6 } from "./header.js";
import type { IpRewrite } from "./rewrite.js";
import { tableFor } from "./table.js";

/** How often a path may lead to another lookup before it counts as a loop. */
const LONGEST_RECURSION = 8;

/** ip4-lookup and ip6-lookup: the longest matching route decides where a packet goes. */
export class IpLookup {
  readonly #node;
  readonly #localNode;
  readonly #parse: (bytes: Uint8Array, at: number) => IpHeader | string;
  readonly #plane: Plane;
  readonly #tables: IpTables;
  readonly #rewrite: IpRewrite;

  constructor(plane: Plane, family: AddressFamily, tables: IpTables, rewrite: IpRewrite) {
    this.#plane = plane;
    this.#tables = tables;
    this.#rewrite = rewrite;
    this.#node = plane.graph.node(`ip${family}-lookup`);
    this.#localNode = plane.graph.node(`ip${family}-local`);
    this.#parse = family === 4 ? parseIp4 : parseIp6;
    this.#node.define((packet) => this.#lookup(packet));
  }

  /** Sends a packet along one of `paths`: also for features that choose the paths themselves (ABF). */
  follow(packet: Packet, header: IpHeader, paths: readonly FibPath[], depth = 0) {
    const path = choosePath(paths, header);
    if (path === undefined || path.kind === "drop") return this.#plane.drop(packet, this.#node, "no route");
    if (path.kind === "receive") return this.#localNode.send(packet);
    if (depth > LONGEST_RECURSION) return this.#plane.drop(packet, this.#node, "recursion loop");
    if (path.kind === "table" || path.swIfIndex === NO_INTERFACE) return this.#recurse(packet, header, path, depth);
    const neighbor = path.kind === "next-hop" ? path.nextHop! : header.destination;
    this.#rewrite.send(packet, header, path.swIfIndex, neighbor);
  }

  #lookup(packet: Packet) {
    const header = this.#parse(packet.bytes, packet.l3);
    if (typeof header === "string") return this.#plane.drop(packet, this.#node, header);
    if (this.#linkLocal(packet, header)) return;
    const entry = tableFor(packet, this.#tables, this.#plane.interfaces)?.lookup(header.destination);
    if (entry === undefined) return this.#plane.drop(packet, this.#node, "no table");
    this.follow(packet, header, entry.best);
  }

  /** Forwards to an IPv6 link-local destination, which VPP looks up per link and not in a table. */
  #linkLocal(packet: Packet, header: IpHeader): boolean {
    if (!isLinkLocal6(header.destination)) return false;
    const link = this.#plane.interfaces.find(packet.rx);
    if (link === undefined) this.#plane.drop(packet, this.#node, "no route");
    else if (link.linkLocal === header.destination) this.#localNode.send(packet);
    else this.#rewrite.send(packet, header, link.swIfIndex, header.destination);
    return true;
  }

  #recurse(packet: Packet, header: IpHeader, path: FibPath, depth: number) {
    const table = this.#tables.find(path.tableId ?? 0);
    const target: Address = path.kind === "table" ? header.destination : path.nextHop!;
    const entry: FibEntry | undefined = table?.lookup(target);
    if (entry === undefined) return this.#plane.drop(packet, this.#node, "no route");
    const paths = path.kind === "table" ? entry.best : entry.best.map((next) => toward(next, target));
    this.follow(packet, header, paths, depth + 1);
  }
}

/** Returns a path that was found for a next hop instead of the packet's destination. On an attached subnet the next hop is the neighbor. */
function toward(path: FibPath, nextHop: Address): FibPath {
  return path.kind === "attached" ? { ...path, kind: "next-hop", nextHop } : path;
}

/** Spreads flows over equal paths by their addresses, in proportion to the paths' weights. */
function choosePath(paths: readonly FibPath[], header: IpHeader): FibPath | undefined {
  if (paths.length < 2) return paths[0];
  const total = paths.reduce((sum, { weight }) => sum + weight, 0);
  let rest = hashOf(header) % total;
  for (const path of paths) {
    rest -= path.weight;
    if (rest < 0) return path;
  }
  return paths[0];
}

function hashOf({ source, destination }: IpHeader): number {
  if (typeof source === "number") return (source ^ (destination as number)) >>> 0;
  let hash = 0;
  for (let i = 0; i < 16; i++)
    hash = (hash * 31 + (source.charCodeAt(i) ^ (destination as string).charCodeAt(i))) >>> 0;
  return hash;
}
