// Saves a state that keeps changing: one write at a time, and one for all changes that came during the last.
import type { Store, StoredState } from "./store.js";

export class Saver {
  readonly #store: Store;
  readonly #state: () => StoredState;
  #next: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();

  /** @param state gives the state as it is when a write begins */
  constructor(store: Store, state: () => StoredState) {
    this.#store = store;
    this.#state = state;
  }

  /** Resolves when everything that was so at the time of the call is saved. */
  save(): Promise<void> {
    this.#next ??= this.#write(this.#running);
    return this.#next;
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await (this.#next ?? this.#running).catch(() => {});
  }

  async #write(before: Promise<void>): Promise<void> {
    await before.catch(() => {});
    this.#running = this.#next!;
    this.#next = undefined;
    await this.#store.save(this.#state());
  }
}
