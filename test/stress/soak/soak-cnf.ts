// A CNF of the soak: counts its packets, and tells its parent its counts, memory, descriptors and event-loop delay twice a second.
import { readdirSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type CnfRequest, openPunt } from "../../../lib/module/index.js";

export interface CnfReport {
  readonly received: number;
  /** Losses that this end has counted. */
  readonly lost: number;
  readonly rss: number;
  readonly descriptors: number;
  readonly status: string;
  /** The 99th percentile of the event loop's delay since the last report, in milliseconds. */
  readonly delay: number;
}

const [socket, request] = process.argv.slice(2) as [string, string];
process.on("disconnect", () => process.exit());
const punt = await openPunt(JSON.parse(request) as CnfRequest, { socket, lifetime: "session", grace: 500 });
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
let received = 0;
punt.receive((batch) => {
  received += batch.length;
});

/** Sums the counters of losses, whatever a port calls them. */
function lostIn(stats: unknown, name = ""): number {
  if (typeof stats === "number") return /dropped/i.test(name) ? stats : 0;
  if (typeof stats !== "object" || stats === null) return 0;
  return Object.entries(stats).reduce((total, [key, value]) => total + lostIn(value, `${name}.${key}`), 0);
}

function statusText(): string {
  const { state, reasons } = punt.status;
  return [state, ...reasons.map(({ text }) => text)].join(", ");
}

function report(): CnfReport {
  const one = {
    ...{ received, lost: lostIn(punt.stats()), status: statusText(), rss: process.memoryUsage.rss() },
    ...{ descriptors: readdirSync("/proc/self/fd").length, delay: delay.percentile(99) / 1e6 },
  };
  delay.reset();
  return one;
}

await punt.ready();
punt.on("status", ({ state }) => state === "ready" && process.send?.("ready"));
process.send!("ready");
setInterval(() => process.send?.(report()), 500);
