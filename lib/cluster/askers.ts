// Keeps who asked for each punt, for the records.
import { AsyncLocalStorage } from "node:async_hooks";
import { idKey, type PuntRequest } from "../punt/index.js";

/** The caller, and whose caller it is. There is one storage for all: Node asks each storage at each promise, and never forgets one. */
const CALLER = new AsyncLocalStorage<{ readonly of: Askers; readonly by: string }>();

export class Askers {
  readonly #self: string;
  readonly #known = new Map<string, string>();

  /** `self`: the asker of this daemon's own requests. */
  constructor(self: string) {
    this.#self = self;
  }

  /** Runs an action on behalf of a caller. */
  as<T>(by: string, body: () => Promise<T>): Promise<T> {
    return CALLER.run({ of: this, by }, body);
  }

  /** The current caller. */
  get now(): string {
    const caller = CALLER.getStore();
    return caller?.of === this ? caller.by : this.#self;
  }

  /** Remembers the current caller for these punts. */
  asked(requests: readonly object[]): void {
    for (const request of requests) {
      const { cnf = "", key = "", label = "" } = request as Partial<Record<"cnf" | "key" | "label", string>>;
      this.#known.set(idKey({ cnf, key, label }), this.now);
    }
  }

  of(request: PuntRequest): string {
    return this.#known.get(idKey(request)) ?? this.now;
  }
}
