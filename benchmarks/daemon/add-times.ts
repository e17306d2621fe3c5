// The times of additions, for benchmarks of the daemon and the cluster.
import type { Punts } from "../../lib/punt/index.js";
import { timed } from "../manager/embedded.js";
import { quantile } from "./quantile.js";

/** Rounds that warm up. */
const WARM_UP = 20;

/** Measures the ms from `add` to CREATED of a SPAN over MEMIF, one after the other. */
export async function addTimes(punts: Punts, rounds: number): Promise<{ readonly p50: number; readonly p99: number }> {
  const times: number[] = [];
  for (let round = 0; round < rounds + WARM_UP; round++) {
    const request = { cnf: "cnf", type: "SPAN", interconnect: "MEMIF", vppInterface: "if0" } as const;
    const ms = await timed(() => punts.add(request, { waitFor: "CREATED", timeout: 10_000 }));
    if (round >= WARM_UP) times.push(ms);
    await punts.delete({ cnf: "cnf" });
  }
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}
