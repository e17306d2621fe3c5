// Work that an abort or a time limit cuts off.
/**
 * Runs `work` with a signal of its own, which is aborted when any of `signals` is, or after `ms`, and let go of afterwards.
 * (AbortSignal.any and AbortSignal.timeout keep hold of what listens to them: a client that reconnects for days must not.)
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
