// Random choices that a seed repeats.
import { numbersOf } from "../../support/random.js";

export class Choice {
  readonly #below: (limit: number) => number;

  constructor(seed: number) {
    this.#below = numbersOf(seed);
  }

  /** Returns a whole number from 0 to `most`. */
  upTo(most: number): number {
    return this.#below(most + 1);
  }

  of<T>(list: readonly T[]): T {
    return list[this.upTo(list.length - 1)]!;
  }

  /** Returns the list in a random order. */
  shuffled<T>(list: readonly T[]): T[] {
    const rest = [...list];
    return list.map(() => rest.splice(this.upTo(rest.length - 1), 1)[0]!);
  }
}
