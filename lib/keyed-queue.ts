// A queue with at most one value for each key: a slow reader gets the last value.

export class KeyedQueue<V> {
  readonly #values = new Map<string, V>();
  /** Goes on where it was: a new iterator would pass all that was taken before, which makes a long queue slow. */
  #order = this.#values.entries();

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
    if (oldest) this.#values.delete(oldest[0]);
    // An iterator that has come to the end stays there.
    else this.#order = this.#values.entries();
    return oldest?.[1];
  }

  clear(): void {
    this.#values.clear();
  }
}
