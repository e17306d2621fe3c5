// The events of one subscription, for `for await`.
import type { PuntError } from "../errors.js";
import type { MessageValue } from "./message.js";

/**
 * The events of one subscription, for one `for await`. Events wait in a bounded queue. A full queue drops its oldest event and counts
 * it in `dropped`. The iteration ends when the subscription or the client is closed. It ends with an error when an event can't be
 * decoded, or when a restarted VPP refuses the subscription.
 * @example
 * ```ts
 * import { type EventOf, type Subscription, Vpp } from "vpp-punt/binapi";
 *
 * async function follow(events: Subscription<EventOf<"sw_interface_event">>): Promise<void> {
 *   for await (const { sw_if_index, flags } of events) console.log(sw_if_index, flags);
 * }
 *
 * await using vpp = await Vpp.connect();
 * await using events = await vpp.subscribe("want_interface_events", {}, "sw_interface_event");
 * setTimeout(() => events.close(), 60_000);
 * await follow(events);
 * console.log(`${events.dropped} events came too fast`);
 * ```
 */
export class Subscription<Event = MessageValue> implements AsyncIterableIterator<Event> {
  /** Number of events that a full queue has dropped. */
  dropped = 0;
  #queue: Event[] = [];
  #waiting: { resolve: (result: IteratorResult<Event>) => void; reject: (error: PuntError) => void }[] = [];
  #open = true;
  #error: PuntError | undefined;
  readonly #limit: number;
  readonly #onClose: (subscription: Subscription<Event>) => Promise<void>;

  /** @internal */
  constructor(
    /** Name of the event's message. */
    readonly event: string,
    limit: number,
    onClose: (subscription: Subscription<Event>) => Promise<void>,
  ) {
    this.#limit = limit;
    this.#onClose = onClose;
  }

  /** @internal */
  push(event: Event): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.resolve({ done: false, value: event });
      return;
    }
    if (this.#queue.length >= this.#limit) {
      this.#queue.shift();
      this.dropped++;
    }
    this.#queue.push(event);
  }

  /** Returns the next event, as soon as there is one. @throws PuntError the reason why the subscription ended */
  async next(): Promise<IteratorResult<Event>> {
    if (this.#queue.length > 0) return { done: false, value: this.#queue.shift()! };
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error;
    if (!this.#open) return { done: true, value: undefined };
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  /** @internal Ends the iteration with `error`, after the events that wait. */
  fail(error: PuntError): void {
    if (!this.#open) return;
    this.#open = false;
    const first = this.#waiting.shift();
    if (first === undefined) this.#error = error;
    else first.reject(error);
    this.#finishWaiting();
    void this.#onClose(this);
  }

  /** Ends the iteration and drops the events that wait. Tells VPP if this was the last subscription to the event. */
  async close(): Promise<void> {
    this.#queue = [];
    this.#error = undefined;
    if (!this.#open) return;
    this.#open = false;
    this.#finishWaiting();
    await this.#onClose(this);
  }

  #finishWaiting(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
  }

  /** Closes the subscription, when a loop is left. */
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
