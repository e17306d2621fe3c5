// What ends a command early: a signal, or the loss of its output.
import { PuntError } from "../errors.js";
import { onOutputLost } from "./output.js";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export type Ending = (typeof SIGNALS)[number] | "output";

let ended: Promise<Ending> | undefined;

/**
 * Resolves at the first SIGINT, SIGTERM or SIGHUP (a closed terminal), or when standard output is lost.
 * Later signals do nothing: what is being closed is closed to its end.
 */
export function interrupted(): Promise<Ending> {
  ended ??= new Promise((resolve) => {
    for (const signal of SIGNALS) process.on(signal, () => resolve(signal));
    onOutputLost(() => resolve("output"));
  });
  return ended;
}

/** The error of a command that a signal ended before its work was done; `stays` says what it leaves. */
export function interruption(ending: Ending, stays: string): PuntError {
  return new PuntError("vpp-punt", "ERR_INTERRUPTED", `interrupted by ${ending}: ${stays}`, { signal: ending });
}
