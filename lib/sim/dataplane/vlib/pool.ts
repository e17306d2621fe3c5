// Numbered slots, as VPP's pools.
/**
 * Numbered slots. As VPP's pools, it hands out the slot that was freed last. Tests that compare indexes with a real
 * VPP depend on this order.
 */
export class Pool<T> {
  readonly #slots: (T | undefined)[] = [];
  readonly #free: number[] = [];

  add(item: T): number {
    const index = this.#free.pop() ?? this.#slots.length;
    this.#slots[index] = item;
    return index;
  }

  get(index: number): T | undefined {
    return this.#slots[index];
  }

  delete(index: number): void {
    if (this.#slots[index] === undefined) return;
    this.#slots[index] = undefined;
    this.#free.push(index);
  }

  /** The items in use, by index. */
  *entries(): IterableIterator<[number, T]> {
    for (let i = 0; i < this.#slots.length; i++) {
      const item = this.#slots[i];
      if (item !== undefined) yield [i, item];
    }
  }

  *values(): IterableIterator<T> {
    for (const [, item] of this.entries()) yield item;
  }
}
