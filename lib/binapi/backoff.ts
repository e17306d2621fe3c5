// Waiting times between attempts to connect.
import { setTimeout as delay } from "node:timers/promises";

export interface BackoffOptions {
  /** Ms before the second attempt; doubles with each. Default 20. */
  min?: number;
  /** Most ms between two attempts. Default 2000. */
  max?: number;
}

/** Waiting times between attempts: doubling from `min` to `max`, each shortened by up to a quarter so that clients spread. */
export class Backoff {
  #next: number;
  readonly #max: number;

  constructor({ min = 20, max = 2000 }: BackoffOptions = {}) {
    this.#next = min;
    this.#max = max;
  }

  /** Rejects when `signal` is aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    const ms = this.#next * (1 - Math.random() / 4);
    this.#next = Math.min(this.#next * 2, this.#max);
    await delay(ms, undefined, { signal });
  }
}
