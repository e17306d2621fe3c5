// Reads a counter of packets at the far end of a memif, where the far end is a program of others.
import { setTimeout as sleep } from "node:timers/promises";
import { median } from "../harness/measure.js";

const LOOK_MS = 100;
/** Looks that show no packet, after which the sender counts as done. */
const QUIET = 3;

/** Looks at a counter for `ms`; without `ms`, until it has grown and stopped. Returns the median rate of the looks that saw packets. */
export async function meter(packets: () => Promise<number>, ms?: number): Promise<number> {
  const rates: number[] = [];
  const end = performance.now() + (ms ?? Number.POSITIVE_INFINITY);
  let [last, at, quiet] = [await packets(), performance.now(), 0];
  while (performance.now() < end && quiet < QUIET) {
    await sleep(LOOK_MS);
    const [count, time] = [await packets(), performance.now()];
    if (count > last) rates.push((1000 * (count - last)) / (time - at));
    quiet = count > last || rates.length === 0 ? 0 : quiet + 1;
    [last, at] = [count, time];
  }
  // Packets flow through a part only of the first look and of the last one.
  return median(rates.length > 2 ? rates.slice(1, -1) : rates);
}
