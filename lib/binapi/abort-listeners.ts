// One listener for each signal, however many requests it cancels.

interface Group {
  readonly cancels: Set<() => void>;
  readonly onAbort: () => void;
}

/**
 * Cancels requests when their signals abort. A listener for each request would cost a walk over all listeners of its signal, twice, and
 * Node warns of more than ten.
 */
export class AbortListeners {
  readonly #groups = new Map<AbortSignal, Group>();

  /** Calls `cancel` when `signal` aborts. Returns a function that ends this. */
  add(signal: AbortSignal, cancel: () => void): () => void {
    const group = this.#groups.get(signal) ?? this.#open(signal);
    group.cancels.add(cancel);
    return () => {
      if (!group.cancels.delete(cancel) || group.cancels.size > 0) return;
      this.#groups.delete(signal);
      signal.removeEventListener("abort", group.onAbort);
    };
  }

  #open(signal: AbortSignal): Group {
    const cancels = new Set<() => void>();
    const onAbort = () => {
      for (const cancel of cancels) cancel();
    };
    const group = { cancels, onAbort };
    this.#groups.set(signal, group);
    signal.addEventListener("abort", onAbort);
    return group;
  }
}
