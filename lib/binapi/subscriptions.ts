import type { MessageValue } from "./message.js";
import { Subscription } from "./subscription.js";

/** A `want_*` that VPP has been sent, and how many subscriptions need it. */
interface Want {
  request: string;
  value: MessageValue;
  users: number;
}

type Send = (request: string, value: MessageValue) => Promise<unknown>;

/** Who wants which events. VPP takes one `want_*` a client: it is sent for the first subscription and undone after the last. */
export class Subscriptions {
  private readonly byEvent = new Map<string, Set<Subscription>>();
  private readonly wants = new Map<string, Want>();

  constructor(private readonly send: Send) {}

  isWanted(event: string): boolean {
    return this.byEvent.has(event);
  }

  publish(event: string, value: MessageValue): void {
    for (const subscription of this.byEvent.get(event) ?? []) subscription.push(value);
  }

  /** Subscribes to an event that needs no request. */
  listen(event: string, limit: number): Subscription {
    return this.add(event, limit, async () => {});
  }

  /** Sends `request` if no subscription has done so yet. */
  async subscribe(request: string, value: MessageValue, event: string, limit: number): Promise<Subscription> {
    const want = this.wants.get(request) ?? { request, value, users: 0 };
    this.wants.set(request, want);
    want.users++;
    // Listening first: VPP may send an event right behind its answer.
    const subscription = this.add(event, limit, () => this.release(want));
    try {
      if (want.users === 1) await this.send(request, value);
    } catch (error) {
      this.remove(subscription);
      if (--want.users === 0) this.wants.delete(request);
      throw error;
    }
    return subscription;
  }

  /** Asks a new VPP for what the old one was asked for. */
  async renew(): Promise<void> {
    await Promise.all([...this.wants.values()].map(({ request, value }) => this.send(request, value)));
  }

  /** Ends all iterations; nothing is said to VPP, which is gone. */
  async closeAll(): Promise<void> {
    this.wants.clear();
    const all = [...this.byEvent.values()].flatMap((set) => [...set]);
    await Promise.all(all.map((subscription) => subscription.close()));
  }

  private add(event: string, limit: number, release: () => Promise<void>): Subscription {
    const subscription = new Subscription(event, limit, async (closed) => {
      this.remove(closed);
      await release();
    });
    const set = this.byEvent.get(event) ?? new Set();
    this.byEvent.set(event, set.add(subscription));
    return subscription;
  }

  private remove(subscription: Subscription): void {
    const set = this.byEvent.get(subscription.event);
    set?.delete(subscription);
    if (set?.size === 0) this.byEvent.delete(subscription.event);
  }

  private async release(want: Want): Promise<void> {
    if (--want.users > 0 || this.wants.get(want.request) !== want) return;
    this.wants.delete(want.request);
    const off = Object.entries(want.value).map(([name, value]) => [
      name,
      name.startsWith("enable") ? zero(value) : value,
    ]);
    // Best effort: if VPP is gone, so is the subscription.
    await this.send(want.request, Object.fromEntries(off)).catch(() => {});
  }
}

function zero(value: unknown): unknown {
  return typeof value === "boolean" ? false : 0;
}
