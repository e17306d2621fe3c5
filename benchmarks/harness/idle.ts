// Measures what a process costs while nothing happens.
import { setTimeout as sleep } from "node:timers/promises";
import { cpuUs } from "./cpu.js";

/** After start-up, V8 and the C library still tidy up. */
const SETTLE_MS = 1000;

/** Returns how much CPU time this process uses from now on, in percent of a core. */
export async function idlePercent(seconds: number): Promise<number> {
  globalThis.gc?.();
  await sleep(SETTLE_MS);
  const start = performance.now();
  const before = cpuUs();
  await sleep(1000 * seconds);
  return (100 * (cpuUs() - before)) / 1000 / (performance.now() - start);
}
