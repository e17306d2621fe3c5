// All subscriptions of a client, and the `want_*` requests behind them.
import type { PuntError } from "../errors.js";
import type { Message, MessageValue } from "./message.js";
import { Subscription } from "./subscription.js";
import { toJson } from "./trace.js";

/** A `want_*` that VPP has received, and the subscriptions that need it. */
interface Want {
  key: string;
  request: string;
  value: MessageValue;
  users: Set<Subscription>;
  /** Settles with VPP's answer. */
  sent: Promise<unknown>;
}

type Send = (request: string, value: MessageValue) => Promise<unknown>;

/**
 * The subscriptions of a client. VPP accepts the same `want_*` once from each client. The first subscription with the same fields sends
 * it, and the last one undoes it.
 */
export class Subscriptions {
  readonly #byEvent = new Map<string, Set<Subscription>>();
  readonly #wants = new Map<string, Want>();
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  isWanted(event: string): boolean {
    return this.#byEvent.has(event);
  }

  publish(event: string, value: MessageValue): void {
    for (const subscription of this.#byEvent.get(event) ?? []) subscription.push(value);
  }

  /** Subscribes to an event that needs no request. */
  listen(event: string, limit: number): Subscription {
    return this.#add(event, limit, async () => {});
  }

  /** Ends all subscriptions to `event` with `error`, because the event can't be decoded. */
  fail(event: string, error: PuntError): void {
    for (const subscription of [...(this.#byEvent.get(event) ?? [])]) subscription.fail(error);
  }

  /** Subscribes to `event`. Sends `request` unless another subscription has sent it with the same fields. */
  async subscribe(request: string, value: MessageValue, event: string, limit: number): Promise<Subscription> {
    const want = this.#want(request, value);
    // Listen first: VPP may send an event directly behind its answer.
    const subscription = this.#add(event, limit, (closed) => this.#release(want, closed));
    want.users.add(subscription);
    try {
      await want.sent;
    } catch (error) {
      this.#remove(subscription);
      const isLast = this.#wants.get(want.key) === want;
      this.#forget(want);
      // VPP may serve it late, and would refuse it the next time.
      if (isLast && (error as PuntError).code === "ERR_TIMEOUT") void this.#switchOff(want);
      throw error;
    }
    return subscription;
  }

  #want(request: string, value: MessageValue): Want {
    const key = `${request} ${toJson(value)}`;
    const known = this.#wants.get(key);
    if (known !== undefined) return known;
    const want: Want = { key, request, value, users: new Set(), sent: this.#send(request, value) };
    this.#wants.set(key, want);
    return want;
  }

  #forget(want: Want): void {
    if (this.#wants.get(want.key) === want) this.#wants.delete(want.key);
  }

  /** Repeats all `want_*` to a new VPP. A subscription that VPP refuses ends with an error. Rejects only if VPP is lost again. */
  async renew(): Promise<void> {
    await Promise.all([...this.#wants.values()].map((want) => this.#renewOne(want)));
  }

  async #renewOne(want: Want): Promise<void> {
    try {
      await this.#send(want.request, want.value);
    } catch (error) {
      const { code } = error as PuntError;
      if (code === "ERR_DISCONNECTED" || code === "ERR_TIMEOUT" || code === "ERR_CLOSED") throw error;
      this.#forget(want);
      for (const subscription of [...want.users]) subscription.fail(error as PuntError);
    }
  }

  /** Ends all iterations without a message to VPP, which is gone. */
  async closeAll(): Promise<void> {
    this.#wants.clear();
    const all = [...this.#byEvent.values()].flatMap((set) => [...set]);
    await Promise.all(all.map((subscription) => subscription.close()));
  }

  #add(event: string, limit: number, release: (closed: Subscription) => Promise<void>): Subscription {
    const subscription = new Subscription(event, limit, async (closed) => {
      this.#remove(closed);
      await release(closed);
    });
    const set = this.#byEvent.get(event) ?? new Set();
    this.#byEvent.set(event, set.add(subscription));
    return subscription;
  }

  #remove(subscription: Subscription): void {
    const set = this.#byEvent.get(subscription.event);
    set?.delete(subscription);
    if (set?.size === 0) this.#byEvent.delete(subscription.event);
  }

  async #release(want: Want, closed: Subscription): Promise<void> {
    want.users.delete(closed);
    if (want.users.size > 0 || this.#wants.get(want.key) !== want) return;
    this.#wants.delete(want.key);
    await this.#switchOff(want);
  }

  async #switchOff(want: Want): Promise<void> {
    // A request without a switch is an action, such as want_ping_finished_events: VPP would do it once more.
    if (!Object.keys(want.value).some(isSwitch)) return;
    const off = Object.entries(want.value).map(([name, value]) => [name, isSwitch(name) ? zero(value) : value]);
    // VPP may be gone, and its side of the subscription with it.
    await this.#send(want.request, Object.fromEntries(off)).catch(() => {});
  }
}

/** Reports whether a field of a `want_*` turns its events on. Some are flags, others are numbers. */
function isSwitch(field: string): boolean {
  return field === "enable_disable" || field === "enable";
}

/** Returns the fields of a `want_*` that the client sets itself. */
export function ownFields({ fields }: Message): MessageValue {
  const switches = fields.filter(({ name }) => isSwitch(name)).map(({ name, type }) => [name, type === "bool" || 1]);
  const hasPid = fields.some(({ name }) => name === "pid");
  return { ...Object.fromEntries(switches), ...(hasPid && { pid: process.pid }) };
}

function zero(value: unknown): unknown {
  return typeof value === "boolean" ? false : 0;
}
