// The queue of one watcher: bounded, with one change for each punt, so that a slow reader sees the last state of each punt.
import { PuntError } from "../../errors.js";
import { KeyedQueue } from "../../keyed-queue.js";
import type { WatchEvent } from "../punts.js";
import { idKey } from "../request/index.js";

/** Limits on how far a watcher may fall behind. */
export interface WatchLimits {
  /** Changes. A watcher that is further behind, and has not read for `patience`, is ended. */
  readonly lag: number;
  /** Milliseconds. */
  readonly patience: number;
  /** Milliseconds after which a watcher gets a `progress` event if only punts that it does not watch have changed. */
  readonly progress: number;
}

type Change = Extract<WatchEvent, { kind: "change" }>;
type First = Exclude<WatchEvent, Change>;
type Result = IteratorResult<WatchEvent, undefined>;

interface Reader {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: PuntError) => void;
}

export class Watcher implements AsyncIterableIterator<WatchEvent, undefined> {
  readonly #limits: WatchLimits;
  readonly #ended: () => void;
  readonly #first: First[] = [];
  readonly #changes = new KeyedQueue<Change>();
  /** Changes since the last read. */
  #lag = 0;
  #lastRead = performance.now();
  #readers: Reader[] = [];
  #end: { error?: PuntError } | undefined;
  #mark: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `ended` is called once, when the watcher takes no more changes. */
  constructor(limits: WatchLimits, ended: () => void) {
    this.#limits = limits;
    this.#ended = ended;
  }

  /** Queues the first event: a snapshot, or progress where nothing has changed. */
  begin(first: First): void {
    this.#first.push(first);
    this.#serve();
  }

  change(change: Change): void {
    if (this.#end) return;
    this.#lag++;
    const isStuck = this.#lag > this.#limits.lag && performance.now() - this.#lastRead > this.#limits.patience;
    if (isStuck) this.#finish({ error: exhausted(this.#lag) });
    else this.#queue(change);
  }

  #queue(change: Change): void {
    this.#changes.put(idKey(change.event.id), change, coalesced);
    this.#unmark();
    this.#serve();
  }

  /** Notes a change of a punt that the watcher does not watch. */
  passed(revision: string): void {
    if (this.#end) return;
    this.#mark = revision;
    this.#timer ??= setTimeout(() => this.#serveMark(), this.#limits.progress).unref();
  }

  /** Ends the watcher. Events in the queue can still be read. */
  close(): void {
    if (!this.#end) this.#finish({});
  }

  next(): Promise<Result> {
    this.#lastRead = performance.now();
    this.#lag = this.#changes.size;
    const event = this.#take();
    if (event) return Promise.resolve({ done: false, value: event });
    if (this.#end?.error) return Promise.reject(this.#end.error);
    if (this.#end) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  return(): Promise<Result> {
    this.#first.length = 0;
    this.#changes.clear();
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): WatchEvent | undefined {
    return this.#first.shift() ?? this.#changes.take();
  }

  #serve(): void {
    while (this.#readers.length > 0) {
      const event = this.#take();
      if (!event) return;
      this.#lastRead = performance.now();
      this.#lag = this.#changes.size;
      this.#readers.shift()!.resolve({ done: false, value: event });
    }
  }

  #serveMark(): void {
    const revision = this.#mark;
    this.#unmark();
    if (revision === undefined || this.#changes.size > 0) return;
    this.#readers.shift()?.resolve({ done: false, value: { kind: "progress", revision } });
  }

  #unmark(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#mark = undefined;
  }

  #finish(end: { error?: PuntError }): void {
    this.#end = end;
    this.#unmark();
    if (end.error) this.#changes.clear();
    for (const { resolve, reject } of this.#readers.splice(0)) {
      if (end.error) reject(end.error);
      else resolve({ done: true, value: undefined });
    }
    this.#ended();
  }
}

/** Joins two changes of one punt: from the state that the watcher knows to the last state. */
function coalesced(before: Change, after: Change): Change {
  return { ...after, event: { ...after.event, from: before.event.from } };
}

function exhausted(lag: number): PuntError {
  const message = `the watcher is ${lag} changes behind and does not read`;
  return new PuntError("punt.watch", "ERR_RESOURCE_EXHAUSTED", message, { behind: lag });
}
