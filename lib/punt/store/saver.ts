// Saves a state that keeps changing: one write at a time, and one write for all changes that came during the last.
import type { Store, StoredState } from "./store.js";

/** One write: the state, and what follows from its success or failure. */
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

  /** `begin` gives the state as it is when a write begins. */
  constructor(store: Store, begin: () => Write) {
    this.#store = store;
    this.#begin = begin;
  }

  /** Resolves when everything that was so at the time of the call is saved. */
  save(): Promise<void> {
    this.#next ??= this.#write(this.#running);
    return this.#next;
  }

  /** Resolves when nothing is being written. */
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
