// Turns of parties: of the work that one party asks for at once, a piece is done in a turn of the event loop, and the work of others comes in between.

export class Turns {
  readonly #waiting = new Map<unknown, (() => void)[]>();

  /** Resolves at once if the party has had no turn in this turn of the event loop, and otherwise after the turns that it waits for already. */
  async next(party: unknown): Promise<void> {
    const waiting = this.#waiting.get(party);
    if (waiting) return new Promise((resolve) => waiting.push(resolve));
    this.#waiting.set(party, []);
    setImmediate(() => this.#go(party));
  }

  #go(party: unknown): void {
    const next = this.#waiting.get(party)!.shift();
    if (!next) return void this.#waiting.delete(party);
    next();
    setImmediate(() => this.#go(party));
  }
}
