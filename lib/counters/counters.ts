// Counters of punts, taken from VPP's statistics: those of the interconnect's interface, and of VPP's nodes for punt sockets.
import type { Stat } from "../binapi/index.js";
import type { PuntId, PuntStatus } from "../punt/index.js";

/** Packets and bytes since VPP made the interface. */
export interface PacketCount {
  readonly packets: number;
  readonly bytes: number;
}

/** VPP's counters at its end of an interconnect. */
export interface InterconnectCounters {
  /** VPP's name of the interface. */
  readonly interface: string;
  /** From VPP to the CNF. */
  readonly toCnf: PacketCount;
  /** From the CNF to VPP. */
  readonly fromCnf: PacketCount;
  /** Packets that were lost, by VPP's name of the cause. A cause that has not happened is absent. */
  readonly drops: Readonly<Record<string, number>>;
}

/** The counters of one punt. */
export interface PuntCounters {
  readonly id: PuntId;
  /** One for each TAP or memif that VPP has. VPP counts nothing by punt for a punt socket. */
  readonly interconnects: readonly InterconnectCounters[];
}

/** VPP's counters of all punts at one time. */
export interface VppCounters {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly punts: readonly PuntCounters[];
  /** Counters of the nodes that serve all punt sockets, such as `ip4-udp-punt-socket: socket TX error`. */
  readonly sockets: Readonly<Record<string, number>>;
}

type Stats = ReadonlyMap<string, Stat>;

/** The cause of packets that VPP received from the CNF, and that one of its nodes dropped. */
export const DROPPED = "dropped";

/** Statistics of a cause of loss, by the name that is shown. VPP counts some losses there that a node counts by cause, too. */
const CAUSES: Readonly<Record<string, string>> = {
  [DROPPED]: "/if/drops",
  "tx error": "/if/tx-error",
  "rx miss": "/if/rx-miss",
  "rx error": "/if/rx-error",
  "no buffer": "/if/rx-no-buf",
};

/** The statistics that the counters are made of. */
export const PATTERNS = [
  "/if/names",
  "/if/rx",
  "/if/tx",
  ...Object.values(CAUSES),
  /^\/err\/.*(-tx|-output|punt[^/]*)\//,
];

/** Sums the values of an index over the threads. */
function simple(stats: Stats, name: string, index: number): number {
  const stat = stats.get(name);
  if (stat?.type !== "simple") return 0;
  return stat.threads.reduce((sum, values) => sum + Number(values[index] ?? 0n), 0);
}

function combined(stats: Stats, name: string, index: number): PacketCount {
  const stat = stats.get(name);
  const total = { packets: 0, bytes: 0 };
  if (stat?.type !== "combined") return total;
  for (const { packets, bytes } of stat.threads) {
    total.packets += Number(packets[index] ?? 0n);
    total.bytes += Number(bytes[index] ?? 0n);
  }
  return total;
}

/** Counts of each node of VPP, by the name of the counter; zeros are left out. */
type NodeCounts = ReadonlyMap<string, Readonly<Record<string, number>>>;

/** Node and counter of a statistic. The nodes of an interface have its name, which may hold slashes. */
const NODE_COUNTER = /^\/err\/(.+?-(?:tx|output)|[^/]+)\/(.+)$/;

/** Looks at each name once: VPP has several for each interface. */
function nodeCounts(stats: Stats): NodeCounts {
  const nodes = new Map<string, Readonly<Record<string, number>>>();
  for (const statistic of stats.keys()) {
    const [, node, name] = NODE_COUNTER.exec(statistic) ?? [];
    const count = node === undefined ? 0 : simple(stats, statistic, 0);
    if (count > 0) nodes.set(node!, { ...nodes.get(node!), [name!]: count });
  }
  return nodes;
}

function interfaceCounters(stats: Stats, nodes: NodeCounts, index: number): InterconnectCounters | undefined {
  const names = stats.get("/if/names");
  const name = names?.type === "names" ? names.names[index] : undefined;
  if (!name) return undefined;
  const [tx, output] = [nodes.get(`${name}-tx`), nodes.get(`${name}-output`)];
  // A memif's tx node counts only by cause.
  const counted: Readonly<Record<string, number>> = {
    "tx error": sum(output),
    [DROPPED]: name.startsWith("tap") ? sum(tx) : 0,
  };
  const losses = Object.entries(CAUSES).map(
    ([cause, stat]) => [cause, simple(stats, stat, index) - (counted[cause] ?? 0)] as const,
  );
  const drops = Object.fromEntries(losses.filter(([, count]) => count > 0));
  return {
    interface: name,
    toCnf: combined(stats, "/if/tx", index),
    fromCnf: combined(stats, "/if/rx", index),
    drops: { ...drops, ...tx, ...output },
  };
}

function sum(counts: Readonly<Record<string, number>> = {}): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function socketCounters(nodes: NodeCounts): Record<string, number> {
  const own = [...nodes].filter(([node]) => node.includes("punt"));
  return Object.fromEntries(
    own.flatMap(([node, counts]) => Object.entries(counts).map(([name, count]) => [`${node}: ${name}`, count])),
  );
}

/** Returns the counters of the punts. `indexOf` returns VPP's index of an interconnect's interface, by its tag. */
export function countersOf(
  punts: readonly Pick<PuntStatus, "id" | "metadata">[],
  stats: Stats,
  indexOf: (tag: string) => number | undefined,
): VppCounters {
  const nodes = nodeCounts(stats);
  const of = ({ id, metadata }: Pick<PuntStatus, "id" | "metadata">): PuntCounters => {
    const indexes = metadata.interconnects.map(({ vppInterface }) => vppInterface && indexOf(vppInterface.name));
    const found = indexes.map((index) => (index === undefined ? undefined : interfaceCounters(stats, nodes, index)));
    return { id, interconnects: found.filter((each) => each !== undefined) };
  };
  return { time: Date.now(), punts: punts.map(of), sockets: socketCounters(nodes) };
}
