// Numbers in use: subnets of a pool, priorities at an interface.

/** A set of numbers. It finds the lowest free one without a look at each number below it. */
export class NumbersInUse {
  readonly #first: number;
  readonly #taken = new Set<number>();
  /** Every number from the first one to this one, exclusive, is taken. */
  #low: number;

  /** `first` is the lowest number that may be used. */
  constructor(first: number) {
    this.#first = first;
    this.#low = first;
  }

  lowestFree(): number {
    while (this.#taken.has(this.#low)) this.#low++;
    return this.#low;
  }

  add(number: number): void {
    this.#taken.add(number);
  }

  delete(number: number): void {
    if (this.#taken.delete(number) && number >= this.#first) this.#low = Math.min(this.#low, number);
  }
}
