// The times at which failed steps are tried again: each step on its own, with growing delays.
import type { PuntError } from "../../errors.js";

export interface RetryOptions {
  /**
   * Milliseconds before the second attempt. Each later delay is twice as long. Default 500. After a look at VPP that failed, the next one
   * comes as soon, and after at most 500 ms.
   */
  readonly firstDelay?: number;
  /** Longest delay in milliseconds. Default 30,000. */
  readonly longestDelay?: number;
}

export interface Failure {
  readonly error: PuntError;
  /** Whether the step deletes its object. */
  readonly isDeletion: boolean;
  /** Number of attempts so far. */
  readonly attempts: number;
  /** Time of the next attempt for people, in milliseconds since the epoch. */
  readonly nextTry: number;
  /** Time of the next attempt by the monotonic clock, which decides. */
  readonly due: number;
}

/** Failures by key. */
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

  failed(key: string, error: PuntError, isDeletion: boolean): void {
    const attempts = (this.#failures.get(key)?.attempts ?? 0) + 1;
    const delay = Math.min(this.#firstDelay * 2 ** Math.min(attempts - 1, 30), this.#longestDelay);
    this.#failures.set(key, { error, isDeletion, attempts, nextTry: Date.now() + delay, due: this.#now() + delay });
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  get(key: string): Failure | undefined {
    return this.#failures.get(key);
  }

  /** Returns whether the next attempt is not due yet. */
  isHeld(key: string): boolean {
    return (this.#failures.get(key)?.due ?? Number.NEGATIVE_INFINITY) > this.#now();
  }

  keys(): string[] {
    return [...this.#failures.keys()];
  }

  /** Puts the next attempt off until that of another step, which must come first. Otherwise it would be overdue, and wake the manager, until then. */
  waitFor(key: string, other: string): void {
    const failure = this.#failures.get(key);
    const first = this.#failures.get(other);
    if (failure && first && failure.due < first.due)
      this.#failures.set(key, { ...failure, nextTry: first.nextTry, due: first.due });
  }

  /** Makes every attempt due and keeps the number of attempts. Used when the world has changed. */
  makeDue(): void {
    for (const [key, failure] of this.#failures)
      this.#failures.set(key, { ...failure, nextTry: Date.now(), due: this.#now() });
  }

  /** Returns the milliseconds until the next attempt, or undefined if there is none. */
  untilNext(): number | undefined {
    const times = [...this.#failures.values()].map(({ due }) => due);
    return times.length === 0 ? undefined : Math.max(0, times.reduce((a, b) => Math.min(a, b)) - this.#now());
  }
}
