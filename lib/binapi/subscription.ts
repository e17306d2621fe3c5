import type { MessageValue } from "./message.js";

/**
 * Events as they come, for one `for await`. What is not fetched waits in a bounded queue; when that is full, the oldest event
 * goes and is counted.
 */
export class Subscription<Event = MessageValue> implements AsyncIterableIterator<Event> {
  /** Events that were lost because nobody fetched them in time. */
  dropped = 0;
  private queue: Event[] = [];
  private waiting: ((result: IteratorResult<Event>) => void)[] = [];
  private open = true;

  /** @internal */
  constructor(
    /** The event's message name. */
    readonly event: string,
    private readonly limit: number,
    private readonly onClose: (subscription: Subscription<Event>) => Promise<void>,
  ) {}

  /** @internal */
  push(event: Event): void {
    const waiting = this.waiting.shift();
    if (waiting !== undefined) {
      waiting({ done: false, value: event });
      return;
    }
    if (this.queue.length >= this.limit) {
      this.queue.shift();
      this.dropped++;
    }
    this.queue.push(event);
  }

  async next(): Promise<IteratorResult<Event>> {
    if (this.queue.length > 0) return { done: false, value: this.queue.shift()! };
    if (!this.open) return { done: true, value: undefined };
    return new Promise((resolve) => {
      this.waiting.push(resolve);
    });
  }

  /** Ends the iteration, drops what waits, and tells VPP, if this was the last that wanted the event. */
  async close(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    this.queue = [];
    for (const waiting of this.waiting.splice(0)) waiting({ done: true, value: undefined });
    await this.onClose(this);
  }

  async return(): Promise<IteratorResult<Event>> {
    await this.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
