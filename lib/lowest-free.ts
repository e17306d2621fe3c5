// Numbers that are handed out from the lowest free one.

/** Numbers from `first` on. The cost of taking a number does not depend on how many are taken. */
export class LowestFree {
  readonly #taken = new Set<number>();
  readonly #first: number;
  /** No number below this one is free. */
  #next: number;

  constructor(first = 0) {
    this.#first = first;
    this.#next = first;
  }

  has(number: number): boolean {
    return this.#taken.has(number);
  }

  /** Returns the lowest free number without taking it. */
  lowest(): number {
    while (this.#taken.has(this.#next)) this.#next++;
    return this.#next;
  }

  take(number: number): void {
    this.#taken.add(number);
  }

  release(number: number): void {
    this.#taken.delete(number);
    if (number >= this.#first && number < this.#next) this.#next = number;
  }
}
