// Saves a state that keeps changing: one write at a time, and one write for all changes that come during another.
import { unsaved } from "./custom.js";
import type { Store, StoredState } from "./store.js";

/** One write: the state, and the callbacks for success and failure. */
export interface Write {
  readonly state: StoredState;
  committed(): void;
  failed(error: unknown): void;
}

/** Milliseconds that writes may take once the manager is closing. */
const LAST_PATIENCE_MS = 5000;

export class Saver {
  readonly #store: Store;
  readonly #begin: () => Write;
  readonly #patience: number;
  #isOver = false;
  /** Gives up the write that is under way. */
  #giveUp: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #next: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();

  /** `begin` is called when a write begins, and returns the state to write. `patience` is for writes after `giveUpSoon`, in ms. */
  constructor(store: Store, begin: () => Write, patience = LAST_PATIENCE_MS) {
    this.#store = store;
    this.#begin = begin;
    this.#patience = patience;
  }

  /** Gives up the writes that have not ended after a moment: a store whose save never ends does not keep a manager from its end. */
  giveUpSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#isOver = true;
      this.#giveUp();
    }, this.#patience);
  }

  /** Resolves when the store has the state as it was at the time of the call. */
  save(): Promise<void> {
    this.#next ??= this.#write(this.#running);
    return this.#next;
  }

  /** Resolves when no write is under way. */
  async idle(): Promise<void> {
    while (this.#next !== undefined) await this.#next.catch(() => {});
    await this.#running.catch(() => {});
    clearTimeout(this.#timer);
  }

  async #write(before: Promise<void>): Promise<void> {
    await before.catch(() => {});
    this.#running = this.#next!;
    this.#next = undefined;
    const write = this.#begin();
    try {
      await this.#saved(write.state);
    } catch (error) {
      write.failed(error);
      throw error;
    }
    write.committed();
  }

  #saved(state: StoredState): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#giveUp = () => reject(unsaved("punt.store", this.#patience));
      if (this.#isOver) this.#giveUp();
      else Promise.resolve(this.#store.save(state)).then(resolve, reject);
    });
  }
}
