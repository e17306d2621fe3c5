// Signals and a lost output, which end a command early.
import { PuntError } from "../../errors.js";
import { onOutputLost } from "../output/index.js";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export type Ending = (typeof SIGNALS)[number] | "output";

let ended: Promise<Ending> | undefined;

/**
 * Resolves at the first SIGINT, SIGTERM or SIGHUP (a closed terminal), or when standard output is lost.
 * Later signals do nothing: closing always finishes.
 */
export function interrupted(): Promise<Ending> {
  ended ??= new Promise((resolve) => {
    for (const signal of SIGNALS) process.on(signal, () => resolve(signal));
    onOutputLost(() => resolve("output"));
    watchReader(() => resolve("output"));
  });
  return ended;
}

/** How often a command that runs until interrupted looks whether its output still has a reader. */
const LOOK_MS = 500;

/** A write finds out that the reader of a pipe is gone, but a watch may write nothing for hours. This asks the kernel. */
function watchReader(lost: () => void): void {
  const load = import("../../descriptor/index.js");
  const timer = setInterval(async () => {
    const { hasReader } = await load;
    if (hasReader(1)) return;
    clearInterval(timer);
    lost();
  }, LOOK_MS).unref();
  // Without the addon the next write finds out.
  load.catch(() => clearInterval(timer));
}

/** The error of a command that a signal ended before its work was done; `stays` says what it leaves. */
export function interruption(ending: Ending, stays: string, details: { readonly remedy?: string } = {}): PuntError {
  const message = `interrupted by ${ending}: ${stays}`;
  return new PuntError("vpp-punt", "ERR_INTERRUPTED", message, { ...details, signal: ending });
}
