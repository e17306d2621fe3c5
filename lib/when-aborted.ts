// Listening to an AbortSignal that may be aborted before.

/** Calls the listener once: when the signal is aborted, or now if it is already. An AbortSignal says nothing to a listener that comes later. */
export function whenAborted(signal: AbortSignal, listener: () => void): void {
  if (signal.aborted) listener();
  else signal.addEventListener("abort", listener, { once: true });
}
