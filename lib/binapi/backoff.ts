// Waiting times between attempts to connect.
import { setTimeout as delay } from "node:timers/promises";

export interface BackoffOptions {
  /** Milliseconds before the second attempt. The wait doubles with each attempt. Default 20. */
  min?: number;
  /** Longest wait between two attempts, in milliseconds. Default 2000. */
  max?: number;
}

/** Waits between attempts. The wait doubles from `min` to `max`, and each is shortened by up to a quarter so that clients spread. */
export class Backoff {
  #next: number;
  readonly #max: number;

  constructor({ min = 20, max = 2000 }: BackoffOptions = {}) {
    this.#next = min;
    this.#max = max;
  }

  /** Waits for the next attempt. Rejects when `signal` aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const ms = this.#next * (1 - Math.random() / 4);
    this.#next = Math.min(this.#next * 2, this.#max);
    await delay(ms, undefined, { signal });
  }
}
