// Whether a CNF that has answered is still there: a CNF that is stopped, or behind a network that is cut, says no word.

interface Hooks {
  /** Milliseconds between an answer and the next question. */
  readonly interval: number;
  /** Rejects if the CNF does not answer. */
  ask(): Promise<unknown>;
  /** The CNF does not answer any more, or answers again. */
  changed(isThere: boolean, error?: unknown): void;
}

/**
 * Asks a CNF in intervals. The question is a call: servers of gRPC end a connection that is pinged more often than every five minutes
 * (GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS of grpc, keepalive.EnforcementPolicy of grpc-go).
 */
export class Presence {
  readonly #hooks: Hooks;
  #isThere = true;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
    this.#wait();
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#ask(), this.#hooks.interval).unref();
  }

  async #ask(): Promise<void> {
    const error = await this.#hooks.ask().then(
      () => undefined,
      (reason: unknown) => reason ?? new Error("no answer"),
    );
    const isThere = error === undefined;
    if (!this.#isClosed && isThere !== this.#isThere) {
      this.#isThere = isThere;
      this.#hooks.changed(isThere, error);
    }
    this.#wait();
  }
}
