// A point at which a program of a test waits until the test lets it go on.

export class Gate {
  #open!: () => void;
  #arrive!: () => void;
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });
  /** Resolves when a program waits. */
  readonly arrived = new Promise<void>((resolve) => {
    this.#arrive = resolve;
  });

  pass(): Promise<void> {
    this.#arrive();
    return this.#opened;
  }

  open(): void {
    this.#open();
  }
}
