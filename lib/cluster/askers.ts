// Keeps who asked for each punt, for the records.
import { AsyncLocalStorage } from "node:async_hooks";
import { idKey, type PuntRequest } from "../punt/index.js";

export class Askers {
  readonly #self: string;
  readonly #caller = new AsyncLocalStorage<string>();
  readonly #known = new Map<string, string>();

  /** `self`: the asker of this daemon's own requests. */
  constructor(self: string) {
    this.#self = self;
  }

  /** Runs an action on behalf of a caller. */
  as<T>(by: string, body: () => Promise<T>): Promise<T> {
    return this.#caller.run(by, body);
  }

  /** The current caller. */
  get now(): string {
    return this.#caller.getStore() ?? this.#self;
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
