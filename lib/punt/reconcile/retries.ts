// When to try again what failed: later each time, and on its own, so that nothing else waits for it.
import type { PuntError } from "../../errors.js";

export interface RetryOptions {
  /** Milliseconds before the second attempt; doubled with each after that. Default 500. */
  readonly firstDelay?: number;
  /** Default 30,000 ms. */
  readonly longestDelay?: number;
}

export interface Failure {
  readonly error: PuntError;
  /** How often it was tried. */
  readonly attempts: number;
  /** Milliseconds since the epoch, for people. */
  readonly nextTry: number;
  /** The same by the monotonic clock, which decides. */
  readonly due: number;
}

/** The failures of single things, by key. */
export class Retries {
  readonly #firstDelay: number;
  readonly #longestDelay: number;
  readonly #now: () => number;
  readonly #failures = new Map<string, Failure>();

  constructor(
    { firstDelay = 500, longestDelay = 30_000 }: RetryOptions = {},
    now: () => number = () => performance.now(),
  ) {
    this.#firstDelay = firstDelay;
    this.#longestDelay = longestDelay;
    this.#now = now;
  }

  failed(key: string, error: PuntError): void {
    const attempts = (this.#failures.get(key)?.attempts ?? 0) + 1;
    const delay = Math.min(this.#firstDelay * 2 ** Math.min(attempts - 1, 30), this.#longestDelay);
    this.#failures.set(key, { error, attempts, nextTry: Date.now() + delay, due: this.#now() + delay });
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  get(key: string): Failure | undefined {
    return this.#failures.get(key);
  }

  /** Whether its next attempt is not due yet. */
  isHeld(key: string): boolean {
    return (this.#failures.get(key)?.due ?? Number.NEGATIVE_INFINITY) > this.#now();
  }

  keys(): string[] {
    return [...this.#failures.keys()];
  }

  /** Makes everything due, but remembers how often it was tried: for when the world has changed. */
  makeDue(): void {
    for (const [key, failure] of this.#failures)
      this.#failures.set(key, { ...failure, nextTry: Date.now(), due: this.#now() });
  }

  /** Milliseconds until the next attempt of anything; undefined if nothing waits for one. */
  untilNext(): number | undefined {
    const times = [...this.#failures.values()].map(({ due }) => due);
    return times.length === 0 ? undefined : Math.max(0, times.reduce((a, b) => Math.min(a, b)) - this.#now());
  }
}
