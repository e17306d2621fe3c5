// The wait for room in a full transmit ring.

/** Turns of the event loop during which each turn looks at a full ring; after that, the watch looks once a millisecond. */
const EAGER_TURNS = 64;

/** The transmit queue, as a watch sees it. */
export interface DrainSource {
  /** Whether the queue has a peer. Without a peer the watch rests until `connected()`. */
  isConnected(): boolean;
  /** Free slots of the ring. */
  free(): number;
  /** The watch ends at this many free slots, or at fewer after a while. */
  enough: number;
  /** Called once for each `start`. */
  done(): void;
}

/**
 * Waits until a full ring has room again. memif has no doorbell for that, so the watch looks at the ring: often at first, because a
 * busy peer takes microseconds, and then seldom. It does not keep the process running.
 */
export class DrainWatch {
  readonly #source: DrainSource;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #turns = 0;
  #wanted = false;

  constructor(source: DrainSource) {
    this.#source = source;
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.connected();
  }

  /** A peer is there: goes on with a watch that rested. */
  connected(): void {
    if (!this.#wanted || !this.#source.isConnected() || this.#isScheduled()) return;
    this.#turns = 0;
    this.#schedule();
  }

  /** Rests until the next peer. */
  disconnected(): void {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
    this.#immediate = undefined;
    this.#timer = undefined;
  }

  stop(): void {
    this.#wanted = false;
    this.disconnected();
  }

  #isScheduled(): boolean {
    return this.#immediate !== undefined || this.#timer !== undefined;
  }

  #schedule(): void {
    // An unreferenced immediate would wait for the next event of the loop; there are few of them.
    if (this.#turns++ < EAGER_TURNS) this.#immediate = setImmediate(() => this.#look());
    else this.#timer = setTimeout(() => this.#look(), 1).unref();
  }

  #look(): void {
    this.disconnected();
    const free = this.#source.free();
    const isEnough = free >= this.#source.enough || (free > 0 && this.#turns > EAGER_TURNS);
    if (!isEnough) {
      this.#schedule();
      return;
    }
    this.#wanted = false;
    this.#source.done();
  }
}
