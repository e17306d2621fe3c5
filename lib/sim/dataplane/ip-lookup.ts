import { type Address, type AddressFamily, isLinkLocal6 } from "./address.js";
import type { DataPlane } from "./dataplane.js";
import type { FibEntry, FibPath, FibTable } from "./fib.js";
import { type IpHeader, parseIp4, parseIp6 } from "./ip-header.js";
import { NO_INTERFACE, type Packet } from "./packet.js";

/** How often a path may lead to another lookup before it counts as a loop. */
const LONGEST_RECURSION = 8;

/** ip4-lookup and ip6-lookup: the longest matching route decides where a packet goes. */
export class IpLookup {
  readonly #node;
  readonly #localNode;
  readonly #parse: (bytes: Uint8Array, at: number) => IpHeader | string;
  readonly #dp: DataPlane;
  readonly #family: AddressFamily;

  constructor(dp: DataPlane, family: AddressFamily) {
    this.#dp = dp;
    this.#family = family;
    this.#node = dp.graph.node(`ip${family}-lookup`);
    this.#localNode = dp.graph.node(`ip${family}-local`);
    this.#parse = family === 4 ? parseIp4 : parseIp6;
    this.#node.define((packet) => this.#lookup(packet));
  }

  /** The table packets from an interface are looked up in. */
  tableFor(packet: Packet): FibTable | undefined {
    const tables = this.#family === 4 ? this.#dp.ip4 : this.#dp.ip6;
    if (packet.tableId !== undefined) return tables.find(packet.tableId);
    return this.#dp.interfaces.find(packet.rx)?.ip(this.#family).table ?? tables.find(0);
  }

  /** Sends a packet along one of `paths`: also for features that choose the paths themselves (ABF). */
  follow(packet: Packet, header: IpHeader, paths: readonly FibPath[], depth = 0) {
    const path = choosePath(paths, header);
    if (path === undefined || path.kind === "drop") return this.#dp.drop(packet, this.#node, "no route");
    if (path.kind === "receive") return this.#localNode.send(packet);
    if (depth > LONGEST_RECURSION) return this.#dp.drop(packet, this.#node, "recursion loop");
    if (path.kind === "table" || path.swIfIndex === NO_INTERFACE) return this.#recurse(packet, header, path, depth);
    const neighbor = path.kind === "next-hop" ? path.nextHop! : header.destination;
    this.#dp.rewrite[this.#family].send(packet, header, path.swIfIndex, neighbor);
  }

  #lookup(packet: Packet) {
    const header = this.#parse(packet.bytes, packet.l3);
    if (typeof header === "string") return this.#dp.drop(packet, this.#node, header);
    if (this.#linkLocal(packet, header)) return;
    const entry = this.tableFor(packet)?.lookup(header.destination);
    if (entry === undefined) return this.#dp.drop(packet, this.#node, "no table");
    this.follow(packet, header, entry.best);
  }

  /** IPv6 link-local destinations are looked up per link, not in a table. */
  #linkLocal(packet: Packet, header: IpHeader): boolean {
    if (!isLinkLocal6(header.destination)) return false;
    const link = this.#dp.interfaces.find(packet.rx);
    if (link === undefined) this.#dp.drop(packet, this.#node, "no route");
    else if (this.#dp.addresses.linkLocal(link) === header.destination) this.#localNode.send(packet);
    else this.#dp.rewrite[6].send(packet, header, link.swIfIndex, header.destination);
    return true;
  }

  #recurse(packet: Packet, header: IpHeader, path: FibPath, depth: number) {
    const tables = this.#family === 4 ? this.#dp.ip4 : this.#dp.ip6;
    const table = tables.find(path.tableId ?? 0);
    const target: Address = path.kind === "table" ? header.destination : path.nextHop!;
    const entry: FibEntry | undefined = table?.lookup(target);
    if (entry === undefined) return this.#dp.drop(packet, this.#node, "no route");
    const paths = path.kind === "table" ? entry.best : entry.best.map((next) => toward(next, target));
    this.follow(packet, header, paths, depth + 1);
  }
}

/** A path found for a next hop, not for the packet's own destination: on an attached subnet the next hop is the neighbor. */
function toward(path: FibPath, nextHop: Address): FibPath {
  return path.kind === "attached" ? { ...path, kind: "next-hop", nextHop } : path;
}

/** Flows are spread over equal paths by their addresses, by weight. */
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
