// Runs work that an abort or a time limit cuts off.
/**
 * Runs `work` with a signal of its own. The signal aborts when any of `signals` does, or after `ms`. Afterwards nothing refers to
 * it. (AbortSignal.any and AbortSignal.timeout keep their listeners alive; a client that reconnects for days would leak them.)
 */
export async function attempt<T>(
  signals: readonly AbortSignal[],
  ms: number | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const abort = (event: Event) => own.abort((event.target as AbortSignal).reason);
  const timeout = () => own.abort(new DOMException(`not done within ${ms} ms`, "TimeoutError"));
  const timer = ms === undefined ? undefined : setTimeout(timeout, ms);
  for (const signal of signals) {
    if (signal.aborted) own.abort(signal.reason);
    signal.addEventListener("abort", abort);
  }
  try {
    return await work(own.signal);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener("abort", abort);
  }
}
