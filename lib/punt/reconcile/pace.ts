// How often a worker looks at VPP when nothing happens.

const DEFAULT_INTERVAL = 10_000;
const LONGEST_INTERVAL = 60_000;
/** Looks take a 200th of the time of a core, while that needs no longer interval than the longest. */
const SHARE = 200;

/** The time between two looks. Without a wish it grows with the work of a look. */
export class Pace {
  #interval: number;
  readonly #isFixed: boolean;

  /** @param wanted milliseconds, for a fixed time */
  constructor(wanted?: number) {
    this.#interval = wanted ?? DEFAULT_INTERVAL;
    this.#isFixed = wanted !== undefined;
  }

  /** Milliseconds to the next look. */
  get interval(): number {
    return this.#interval;
  }

  /** Looks, and measures for how long the look keeps the event loop busy. */
  async during<T>(look: () => Promise<T>): Promise<T> {
    const before = performance.eventLoopUtilization();
    const result = await look();
    this.looked(performance.eventLoopUtilization(before).active);
    return result;
  }

  /** @param active milliseconds for which the last look kept the event loop busy */
  looked(active: number): void {
    if (!this.#isFixed) this.#interval = Math.min(Math.max(DEFAULT_INTERVAL, SHARE * active), LONGEST_INTERVAL);
  }
}
