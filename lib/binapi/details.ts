// Receivers of a dump's details: an array, or a stream for `for await`.
import type { PuntError } from "../errors.js";
import type { MessageValue } from "./message.js";
import { type DetailsSink, rejectFor } from "./pending.js";

/** Collects all details in an array. */
export class DetailsList implements DetailsSink {
  readonly #values: MessageValue[] = [];
  readonly promise: Promise<MessageValue[]>;
  #resolve!: (values: MessageValue[]) => void;
  #reject!: (error: PuntError) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  push(value: MessageValue): void {
    this.#values.push(value);
  }

  end(): void {
    this.#resolve(this.#values);
  }

  fail(reason: () => PuntError): void {
    rejectFor(this.#resolve, this.#reject, reason);
  }
}

/** Passes details on as they come, to one `for await`. A loop that ends early cancels the dump. */
export class DetailsStream implements DetailsSink, AsyncIterableIterator<MessageValue> {
  #values: MessageValue[] = [];
  #next_ = 0;
  #ended = false;
  #reason: (() => PuntError) | undefined;
  #waiting: (() => void)[] = [];
  readonly #giveUp: () => void;

  /** `giveUp` cancels the dump when the loop ends early. */
  constructor(giveUp: () => void) {
    this.#giveUp = giveUp;
  }

  push(value: MessageValue): void {
    if (this.#ended) return;
    this.#values.push(value);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  fail(reason: () => PuntError): void {
    if (this.#ended) return;
    this.#reason = reason;
    this.end();
  }

  async next(): Promise<IteratorResult<MessageValue>> {
    while (this.#next_ === this.#values.length && !this.#ended) await this.#more();
    if (this.#next_ < this.#values.length) return { done: false, value: this.#take() };
    const reason = this.#reason;
    this.#reason = undefined;
    if (reason !== undefined) throw reason();
    return { done: true, value: undefined };
  }

  #take(): MessageValue {
    const value = this.#values[this.#next_++]!;
    if (this.#next_ === this.#values.length) {
      this.#values = [];
      this.#next_ = 0;
    }
    return value;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Wakes all callers of `next()`. Each looks for details itself, in the order of their calls. */
  #wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const look of waiting) look();
  }

  async return(): Promise<IteratorResult<MessageValue>> {
    const open = !this.#ended;
    this.#values = [];
    this.#next_ = 0;
    this.#reason = undefined;
    this.end();
    if (open) this.#giveUp();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
