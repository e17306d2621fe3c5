// watchers <folder> <watchers> <rounds>: how long until each of many watchers, each with a connection of its own, knows that a punt is
// CREATED. Prints in ms: median and 99th percentile from the call `add` on, and the median time between the first watcher and the last.
import { join } from "node:path";
import { connectPunts, type DaemonPunts } from "../../lib/module/index.js";
import { quantile } from "./quantile.js";

const [folder, count, rounds] = process.argv.slice(2) as [string, string, string];
/** Rounds that warm up. */
const WARM_UP = 3;
const socket = join(folder, "manager.sock");
const arrivals: number[] = [];
let onArrival = () => {};

async function watch(punts: DaemonPunts, onSnapshot: () => void): Promise<void> {
  for await (const event of punts.watch()) {
    if (event.kind === "snapshot") onSnapshot();
    if (event.kind !== "change" || event.event.to !== "CREATED") continue;
    arrivals.push(performance.now());
    onArrival();
  }
}

const asker = await connectPunts({ socket, wait: 10_000 });
for (let i = 0; i < Number(count); i++) {
  const punts = await connectPunts({ socket, wait: 10_000 });
  await new Promise<void>((resolve) => void watch(punts, resolve));
}
const [all, spreads]: [number[], number[]] = [[], []];
for (let round = 0; round < Number(rounds) + WARM_UP; round++) {
  arrivals.length = 0;
  const everyone = new Promise<void>((resolve) => {
    onArrival = () => {
      if (arrivals.length === Number(count)) resolve();
    };
  });
  const request = { cnf: "cnf", type: "SPAN", interconnect: "MEMIF", vppInterface: "if0" } as const;
  const start = performance.now();
  await Promise.all([asker.add(request, { waitFor: "CREATED", timeout: 10_000 }), everyone]);
  if (round >= WARM_UP) all.push(...arrivals.map((at) => at - start));
  if (round >= WARM_UP) spreads.push(arrivals.at(-1)! - arrivals[0]!);
  await asker.delete({ cnf: "cnf" });
}
console.log(JSON.stringify({ p50: quantile(all, 0.5), p99: quantile(all, 0.99), spread: quantile(spreads, 0.5) }));
process.exit();
