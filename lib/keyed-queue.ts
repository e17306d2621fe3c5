// A queue with at most one value for each key: a slow reader gets the last value.

export class KeyedQueue<V> {
  readonly #values = new Map<string, V>();
  /** Goes on where it was: a new iterator would pass all that was taken before, which makes a long queue slow. */
  #order = this.#values.keys();

  get size(): number {
    return this.#values.size;
  }

  /** Puts a value at the end, joined with the one of this key that waits. */
  put(key: string, value: V, join: (before: V, after: V) => V): void {
    const before = this.#values.get(key);
    this.#values.delete(key);
    this.#values.set(key, before === undefined ? value : join(before, value));
  }

  /** Takes the value that was put first. */
  take(): V | undefined {
    const { value: oldest } = this.#order.next();
    if (oldest === undefined) {
      // An iterator that has come to the end stays there.
      this.#order = this.#values.keys();
      return undefined;
    }
    const value = this.#values.get(oldest);
    this.#values.delete(oldest);
    return value;
  }

  clear(): void {
    this.#values.clear();
  }
}
