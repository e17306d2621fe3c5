// Saves a state that keeps changing: one write at a time, and one write for all changes that come during another.
import type { Store, StoredState } from "./store.js";

/** One write: the state, and the callbacks for success and failure. */
export interface Write {
  readonly state: StoredState;
  committed(): void;
  failed(error: unknown): void;
}

export class Saver {
  readonly #store: Store;
  readonly #begin: () => Write;
  #next: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();

  /** `begin` is called when a write begins, and returns the state to write. */
  constructor(store: Store, begin: () => Write) {
    this.#store = store;
    this.#begin = begin;
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
  }

  async #write(before: Promise<void>): Promise<void> {
    await before.catch(() => {});
    this.#running = this.#next!;
    this.#next = undefined;
    const write = this.#begin();
    try {
      await this.#store.save(write.state);
    } catch (error) {
      write.failed(error);
      throw error;
    }
    write.committed();
  }
}
