// Waits for a condition.
import { setTimeout as sleep } from "node:timers/promises";

const STEP_MS = 5;

/** Waits for `holds`, at most `limitMs`: on a busy machine a process starts slowly. Resolves with whether it came true. */
export async function until(holds: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<boolean> {
  const end = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > end) return false;
    await sleep(STEP_MS);
  }
  return true;
}

/** Waits until `count` is `expected`, and then a little longer, so that a packet too many is seen too. */
export async function settled(count: () => number | Promise<number>, expected: number): Promise<void> {
  await until(async () => (await count()) >= expected);
  await sleep(20 * STEP_MS);
}
