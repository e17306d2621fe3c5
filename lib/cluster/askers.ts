// Keeps who asked for each punt, for the records.
import { AsyncLocalStorage } from "node:async_hooks";
import { idKey, type PuntId, type PuntIdInput, type PuntRequest } from "../punt/index.js";

/** The caller, and whose caller it is. There is one storage for all: Node asks each storage at each promise, and never forgets one. */
const CALLER = new AsyncLocalStorage<{ readonly of: Askers; readonly by: string }>();

interface Asker {
  by: string;
  /** Calls for the punt that are under way. */
  calls: number;
}

export class Askers {
  readonly #self: string;
  readonly #isThere: (id: PuntId) => boolean;
  readonly #known = new Map<string, Asker>();

  /** @param self the asker of this daemon's own requests @param isThere whether there is a punt */
  constructor(self: string, isThere: (id: PuntId) => boolean) {
    this.#self = self;
    this.#isThere = isThere;
  }

  /** How many punts have an asker. */
  get size(): number {
    return this.#known.size;
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

  /** Remembers the current caller for these punts during the call, and after it for the punts that exist then. */
  async asking<T>(requests: readonly PuntIdInput[], call: () => Promise<T>): Promise<T> {
    const ids = requests.map(({ cnf = "", key = "", label = "" }): PuntId => ({ cnf, key, label }));
    for (const id of ids) {
      const { calls } = this.#known.get(idKey(id)) ?? { calls: 0 };
      this.#known.set(idKey(id), { by: this.now, calls: calls + 1 });
    }
    try {
      return await call();
    } finally {
      for (const id of ids) {
        this.#known.get(idKey(id))!.calls--;
        if (!this.#isThere(id)) this.forget(id);
      }
    }
  }

  /** Forgets who asked for a punt that is gone, unless a call for it is under way. */
  forget(id: PuntId): void {
    if (this.#known.get(idKey(id))?.calls === 0) this.#known.delete(idKey(id));
  }

  of(request: PuntRequest): string {
    return this.#known.get(idKey(request))?.by ?? this.now;
  }
}
