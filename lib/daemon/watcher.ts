// The events that wait for one watcher: joined by punt, bounded, and given up when the watcher does not read.
import { PuntError } from "../errors.js";
import { KeyedQueue } from "../keyed-queue.js";
import { idKey, type PuntEvent } from "../punt/index.js";
import type { WireStatus } from "../wire/index.js";

/** The next answer for a watcher. */
export type Delivery =
  | {
      readonly kind: "snapshot";
      readonly revision: string;
      readonly punts: readonly WireStatus[];
      readonly isGone: boolean;
    }
  | { readonly kind: "change"; readonly revision: string; readonly event: PuntEvent }
  | { readonly kind: "progress"; readonly revision: string };

/**
 * Holds at most one event a punt: a watcher that is late sees the last state of each punt, and never a wrong one. A revision goes
 * out only when nothing older waits.
 */
export class WatcherQueue {
  readonly #longestWait: number;
  #snapshot: Delivery | undefined;
  readonly #changes = new KeyedQueue<PuntEvent>();
  #revision = "";
  #isNews = false;
  #error: PuntError | undefined;
  #wake: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #verdict: NodeJS.Immediate | undefined;
  /** Called when the watcher did not read for too long. */
  onSlow: ((error: PuntError) => void) | undefined;

  /** `longestWait`: milliseconds that an event may wait. */
  constructor(longestWait: number) {
    this.#longestWait = longestWait;
  }

  snapshot(revision: string, punts: readonly WireStatus[], isGone: boolean): void {
    this.#changes.clear();
    this.#snapshot = { kind: "snapshot", revision, punts, isGone };
    this.#put(revision);
  }

  change(revision: string, event: PuntEvent): void {
    this.#changes.put(idKey(event.id), event, (before, after) => ({ ...after, from: before.from }));
    this.#put(revision);
  }

  progress(revision: string): void {
    this.#put(revision);
  }

  /** Drops what waits: a snapshot comes. */
  clear(): void {
    this.#changes.clear();
    this.#snapshot = undefined;
    this.#isNews = false;
    this.#stopTimer();
  }

  /** Ends the queue: what waits is dropped. */
  fail(error: PuntError): void {
    this.#error ??= error;
    this.#changes.clear();
    this.#snapshot = undefined;
    this.#stopTimer();
    this.#wake?.();
  }

  close(): void {
    this.#stopTimer();
  }

  /** Resolves with the next delivery. @throws PuntError the reason why the queue was ended */
  async next(): Promise<Delivery> {
    for (;;) {
      if (this.#error) throw this.#error;
      const delivery = this.take();
      if (delivery) return delivery;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  /** Returns the next delivery if one waits. */
  take(): Delivery | undefined {
    if (!this.#isNews || this.#error) return undefined;
    const delivery = this.#oldest();
    this.#isNews = this.#changes.size > 0;
    clearImmediate(this.#verdict);
    if (this.#isNews) this.#timer?.refresh();
    else this.#stopTimer();
    return delivery;
  }

  #oldest(): Delivery {
    const snapshot = this.#snapshot;
    this.#snapshot = undefined;
    if (snapshot) return snapshot;
    const event = this.#changes.take();
    if (!event) return { kind: "progress", revision: this.#revision };
    // Older changes of other punts may wait: the revision is only reached with the last of them.
    return { kind: "change", revision: this.#changes.size === 0 ? this.#revision : "", event };
  }

  #put(revision: string): void {
    if (this.#error) return;
    this.#revision = revision;
    this.#isNews = true;
    this.#watchReader();
    this.#wake?.();
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#verdict);
    this.#timer = undefined;
  }

  /** After a standstill of this process, a watcher that has read in that time gets its turn before it is judged. */
  #watchReader(): void {
    this.#timer ??= setTimeout(() => {
      this.#verdict = setImmediate(() => this.#giveUp());
    }, this.#longestWait).unref();
  }

  #giveUp(): void {
    const message = `the watcher did not read for ${this.#longestWait} ms`;
    const error = new PuntError("punt.watch", "ERR_SLOW_WATCHER", message);
    this.fail(error);
    this.onSlow?.(error);
  }
}
