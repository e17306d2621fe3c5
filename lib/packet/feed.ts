// How a port's bursts reach the application: by a handler, by an iterator, or by polling.
import { PuntError } from "../errors.js";
import { OptionCheck } from "../options.js";
import type { PacketBatch, PacketMemory } from "./batch.js";

/** Batches that an iterator returns before other events have their turn. */
const BATCHES_A_TURN = 16;

/** The native side of a port that receives bursts. */
export interface BurstSource {
  /** Takes a burst that waits; returns its number of packets, 0 if none waits. */
  pull(): number;
  /** Begins to report bursts. */
  start(): void;
  /** Reports no more bursts. */
  stop(): void;
  /** Says whether the open port keeps the process running. */
  setRef(on: boolean): void;
}

/** The functions with which a feed makes batches. */
export interface BatchParts<B extends PacketBatch> {
  /** Returns a new, empty batch. */
  create(): B;
  /** Returns the memory of the burst that was taken last. */
  memory(): PacketMemory;
  /** Lets go of all memory. Called once, after the port was closed and when no batch is in use. */
  forget(): void;
}

/**
 * Passes bursts on in one of three ways, and ends the life of each batch: when the handler returns, or when the loop asks for the
 * next batch. After `close` the current batch stays valid until then.
 */
export class BatchFeed<B extends PacketBatch> {
  readonly #port: string;
  readonly #source: BurstSource;
  readonly #parts: BatchParts<B>;
  /** The batch of the current burst. Every burst of an iterator has its own, so that an old one never shows a new burst. */
  #batch: B;
  #handler: ((batch: B) => void) | undefined;
  #waiting: ((result: IteratorResult<B, undefined>) => void) | undefined;
  #iterating = false;
  /** The iterator that was made last, until it is left. An older one has no part in the packets any more. */
  #iterator: object | undefined;
  #inHandler = false;
  #paused = false;
  #closed = false;

  /** @param port begins the `op` of errors, such as `punt-socket` */
  constructor(port: string, source: BurstSource, parts: BatchParts<B>) {
    this.#port = port;
    this.#source = source;
    this.#parts = parts;
    this.#batch = parts.create();
  }

  /** @throws PuntError ERR_OPTION: not a function; ERR_MODE: an iterator takes the packets; ERR_CLOSED */
  receive(handler: (batch: B) => void): void {
    const op = `${this.#port}.receive`;
    new OptionCheck(op).callback("handler", handler);
    this.#checkOpen(op);
    if (this.#iterating) throw new PuntError(op, "ERR_MODE", "an iterator takes the packets");
    if (this.#handler === undefined) this.#source.setRef(true);
    this.#handler = handler;
    if (!this.#paused) this.#source.start();
  }

  /** @throws PuntError ERR_OPTION: not a function; ERR_MODE: packets go to a handler or an iterator; ERR_CLOSED */
  poll(handler: (batch: B) => void): number {
    const op = `${this.#port}.poll`;
    if (typeof handler !== "function") new OptionCheck(op).callback("handler", handler);
    this.#checkOpen(op);
    if (this.#handler !== undefined || this.#iterating || this.#inHandler) {
      const taken = this.#inHandler ? "a handler is running" : "packets go to a handler or an iterator";
      throw new PuntError(op, "ERR_MODE", taken);
    }
    const count = this.#paused ? 0 : this.#source.pull();
    if (count > 0) this.#deliver(count, handler);
    return count;
  }

  /** @throws PuntError ERR_MODE: packets go to a handler or another iterator; ERR_CLOSED */
  iterate(): AsyncIterableIterator<B, undefined> {
    const op = `${this.#port}.iterate`;
    this.#checkOpen(op);
    if (this.#handler !== undefined || this.#iterating) {
      throw new PuntError(op, "ERR_MODE", "packets go to a handler or another iterator");
    }
    this.#iterating = true;
    this.#source.setRef(true);
    let sinceWaiting = 0;
    const iterator: AsyncIterableIterator<B, undefined> = {
      [Symbol.asyncIterator]: () => iterator,
      next: () => {
        if (this.#iterator !== iterator) return Promise.resolve({ done: true, value: undefined });
        if (this.#waiting !== undefined) {
          return Promise.reject(new PuntError(op, "ERR_MODE", "next() before the last one was settled"));
        }
        this.#endBatch();
        if (!this.#iterating) return Promise.resolve({ done: true, value: undefined });
        sinceWaiting = sinceWaiting === BATCHES_A_TURN ? 0 : sinceWaiting + 1;
        const count = sinceWaiting === 0 || this.#paused ? 0 : this.#source.pull();
        return count > 0 ? Promise.resolve({ done: false, value: this.#fresh(count) }) : this.#wait();
      },
      return: () => {
        if (this.#iterator === iterator) {
          this.#iterator = undefined;
          this.#endIteration();
          this.#endBatch();
        }
        return Promise.resolve({ done: true, value: undefined });
      },
    };
    this.#iterator = iterator;
    return iterator;
  }

  /** Passes on nothing until `resume`. */
  pause(): void {
    this.#paused = true;
    this.#source.stop();
  }

  resume(): void {
    this.#paused = false;
    if (this.#handler !== undefined || this.#waiting !== undefined) this.#source.start();
  }

  /** Takes a burst that the source reports. */
  onBurst(count: number): void {
    if (this.#handler !== undefined) {
      this.#deliver(count, this.#handler);
      return;
    }
    const settle = this.#waiting!;
    this.#waiting = undefined;
    this.#source.stop();
    settle({ done: false, value: this.#fresh(count) });
  }

  /** Ends the feed, after the port was closed. */
  close(): void {
    this.#closed = true;
    this.#endIteration();
    if (!this.#inHandler && this.#batch.length === 0) this.#parts.forget();
  }

  #checkOpen(op: string): void {
    if (this.#closed) throw new PuntError(op, "ERR_CLOSED", "the port is closed");
  }

  #deliver(count: number, handler: (batch: B) => void): void {
    this.#inHandler = true;
    try {
      handler(this.#fill(count));
    } finally {
      this.#inHandler = false;
      this.#endBatch();
    }
  }

  #fresh(count: number): B {
    this.#batch = this.#parts.create();
    return this.#fill(count);
  }

  #fill(count: number): B {
    this.#batch.fill(this.#parts.memory(), count);
    return this.#batch;
  }

  #wait(): Promise<IteratorResult<B, undefined>> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      if (!this.#paused) this.#source.start();
    });
  }

  #endIteration(): void {
    if (!this.#iterating) return;
    this.#iterating = false;
    this.#source.stop();
    this.#source.setRef(false);
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  /** Ends the life of the current batch. */
  #endBatch(): void {
    this.#batch.release();
    if (this.#closed) this.#parts.forget();
  }
}
