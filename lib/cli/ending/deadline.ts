// Waits that end: every wait of a command has a limit.
import { setTimeout as sleep } from "node:timers/promises";
import { PuntError } from "../../errors.js";

/** Resolves with "late" after `ms` milliseconds. It does not keep the process running. */
export function after(ms: number): Promise<"late"> {
  return sleep(ms, "late" as const, { ref: false });
}

/** Settles as `work` does. @throws PuntError ETIMEDOUT after `ms` milliseconds, which names `what` */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = sleep(ms, undefined, { signal: timer.signal }).then(() => {
    throw new PuntError("vpp-punt", "ETIMEDOUT", `${what}: no answer within ${ms} ms`, { timeout: ms });
  });
  late.catch(() => {});
  // An error after the time limit has no reader.
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
