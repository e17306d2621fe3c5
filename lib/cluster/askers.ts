// Who asked for a punt, for the records.
import { AsyncLocalStorage } from "node:async_hooks";
import { idKey, type PuntRequest } from "../punt/index.js";

export class Askers {
  readonly #self: string;
  readonly #caller = new AsyncLocalStorage<string>();
  readonly #known = new Map<string, string>();

  /** `self`: the name for what this daemon asks itself. */
  constructor(self: string) {
    this.#self = self;
  }

  /** Does something in the name of a caller. */
  as<T>(by: string, body: () => Promise<T>): Promise<T> {
    return this.#caller.run(by, body);
  }

  /** The caller of now. */
  get now(): string {
    return this.#caller.getStore() ?? this.#self;
  }

  /** Remembers who asks for these punts. */
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
