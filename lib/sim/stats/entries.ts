// The statistics that the embedded VPP keeps: counters of interfaces and of nodes, by VPP's names.
import type { InterfaceCounters, NodeCounter } from "../dataplane/index.js";
import type { Entry } from "./layout.js";

/** The sources of the statistics. */
export interface StatsSource {
  /** Interfaces with their sw_if_index. */
  interfaces(): Iterable<{
    readonly swIfIndex: number;
    readonly name: string;
    readonly counters: Readonly<InterfaceCounters>;
  }>;
  counters(): readonly NodeCounter[];
}

type Counted = Readonly<InterfaceCounters>;

const SIMPLE: Readonly<Record<string, (counters: Counted) => number>> = {
  "/if/drops": ({ drops }) => drops,
  "/if/punt": () => 0,
  "/if/rx-no-buf": () => 0,
  "/if/rx-miss": () => 0,
  "/if/rx-error": () => 0,
  "/if/tx-error": ({ txErrors }) => txErrors,
};

const COMBINED: Readonly<Record<string, (counters: Counted) => readonly [number, number]>> = {
  "/if/rx": ({ rxPackets, rxBytes }) => [rxPackets, rxBytes],
  "/if/tx": ({ txPackets, txBytes }) => [txPackets, txBytes],
};

/** Returns the statistics as they are now. `started`: when VPP started, in seconds since the epoch. */
export function entriesOf(source: StatsSource, started: number): Entry[] {
  const all = [...source.interfaces()];
  const size = Math.max(0, ...all.map(({ swIfIndex }) => swIfIndex + 1));
  const by = <T>(otherwise: T, read: (each: (typeof all)[number]) => T): T[] => {
    const values = new Array<T>(size).fill(otherwise);
    for (const each of all) values[each.swIfIndex] = read(each);
    return values;
  };
  return [
    { kind: "scalar", name: "/sys/boottime", value: started },
    { kind: "scalar", name: "/sys/num_worker_threads", value: 0 },
    { kind: "names", name: "/if/names", names: by("", ({ name }) => name) },
    ...Object.entries(SIMPLE).map(([name, read]): Entry => {
      return { kind: "simple", name, values: by(0, ({ counters }) => read(counters)) };
    }),
    ...Object.entries(COMBINED).map(([name, read]): Entry => {
      return { kind: "combined", name, values: by([0, 0] as const, ({ counters }) => read(counters)) };
    }),
    ...source.counters().map(({ node, reason, count }): Entry => {
      return { kind: "simple", name: `/err/${node}/${reason}`, values: [count] };
    }),
  ];
}
