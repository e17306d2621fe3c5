// Limits on the number of things that a caller has at a time, counted by name.

export class Quota {
  readonly #counts = new Map<string, number>();

  /** Takes a place under each name. Returns a function that gives them back; undefined if a name has its most: then none is taken. */
  take(limits: readonly (readonly [name: string, most: number])[]): (() => void) | undefined {
    if (limits.some(([name, most]) => this.#of(name) >= most)) return undefined;
    for (const [name] of limits) this.#counts.set(name, this.#of(name) + 1);
    return () => {
      for (const [name] of limits)
        if (this.#of(name) > 1) this.#counts.set(name, this.#of(name) - 1);
        else this.#counts.delete(name);
    };
  }

  #of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }
}
