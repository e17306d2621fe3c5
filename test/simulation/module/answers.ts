// The messages of a stream as its reader gets them.

/** A queue with one reader. The reader that stops before the end gives the stream up. */
export class Answers<T> implements AsyncIterable<T> {
  /** Gives the stream up. */
  given: () => void = () => {};
  readonly #waiting: T[] = [];
  #end: { readonly error: unknown } | undefined;
  #wake: () => void = () => {};

  put(message: T): void {
    if (this.#end) return;
    this.#waiting.push(message);
    this.#wake();
  }

  /** @param error undefined: the stream ends in order */
  end(error?: unknown): void {
    this.#end ??= { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        while (this.#waiting.length > 0) yield this.#waiting.shift()!;
        if (this.#end?.error !== undefined) throw this.#end.error;
        if (this.#end) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.given();
    }
  }
}
