// Puts the changes of one CNF's punts in the order of their calls, however long each takes to find its namespaces.

export class Turns {
  /** The end of the last turn of each CNF that has one. */
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Calls `act` with what was found, once each earlier call for these CNFs has acted or failed. The turn ends when `act` has returned,
   * whatever its promise waits for.
   */
  async take<F, R>(cnfs: Iterable<string>, found: Promise<F>, act: (found: F) => Promise<R>): Promise<R> {
    const own = [...new Set(cnfs)];
    const before = own.flatMap((cnf) => this.#last.get(cnf) ?? []);
    // In an array, the promise of `act` is not waited for here.
    const acting = Promise.allSettled([found, ...before]).then(async () => [act(await found)] as const);
    const end = () => {
      for (const cnf of own) if (this.#last.get(cnf) === turn) this.#last.delete(cnf);
    };
    const turn = acting.then(end, end);
    for (const cnf of own) this.#last.set(cnf, turn);
    const [result] = await acting;
    return result;
  }

  /** Calls `act`, which has nothing to find: at once, or after the calls before it. */
  after<R>(cnf: string, act: () => Promise<R>): Promise<R> {
    return this.#last.get(cnf)?.then(act) ?? act();
  }
}
