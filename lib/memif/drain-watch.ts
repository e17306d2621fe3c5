/** Turns of the event loop during which a full ring is looked at in each one; after that, once a millisecond. */
const EAGER_TURNS = 64;

/**
 * Waits until a full ring has room again. memif has no doorbell for that, so the ring is looked at: often at first, for a busy peer
 * takes microseconds, and then seldom.
 */
export class DrainWatch {
  private immediate: NodeJS.Immediate | undefined;
  private timer: NodeJS.Timeout | undefined;
  private turns = 0;

  /** `free` says how many slots there are; at `enough`, or at fewer after a while, `done` is called once. */
  constructor(
    private readonly free: () => number,
    private readonly enough: number,
    private readonly done: () => void,
  ) {}

  start(): void {
    if (this.immediate !== undefined || this.timer !== undefined) return;
    this.turns = 0;
    this.schedule();
  }

  stop(): void {
    clearImmediate(this.immediate);
    clearTimeout(this.timer);
    this.immediate = undefined;
    this.timer = undefined;
  }

  private schedule(): void {
    if (this.turns++ < EAGER_TURNS) this.immediate = setImmediate(() => this.look());
    else this.timer = setTimeout(() => this.look(), 1);
  }

  private look(): void {
    this.stop();
    const free = this.free();
    if (free >= this.enough || (free > 0 && this.turns > EAGER_TURNS)) this.done();
    else this.schedule();
  }
}
