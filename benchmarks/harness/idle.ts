// Measures what a process costs while nothing happens.
import { setTimeout as sleep } from "node:timers/promises";

/** After start-up, V8 and the C library still tidy up. */
const SETTLE_MS = 1000;

/** Returns how much CPU time this process uses from now on, in percent of a core. */
export async function idlePercent(seconds: number): Promise<number> {
  globalThis.gc?.();
  await sleep(SETTLE_MS);
  const start = performance.now();
  const before = process.cpuUsage();
  await sleep(1000 * seconds);
  const { user, system } = process.cpuUsage(before);
  return (100 * (user + system)) / 1000 / (performance.now() - start);
}
