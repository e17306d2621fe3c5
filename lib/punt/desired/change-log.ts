// The numbered changes of all punts. Listeners get each change at once; watchers may begin at a revision that is still kept.
import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { guarded } from "../../guarded.js";
import type { WatchEvent, WatchOptions } from "../punts.js";
import { idKey, type PuntRequest } from "../request/index.js";
import type { PuntEvent, PuntStatus } from "../state.js";
import { Watcher, type WatchLimits } from "./watcher.js";

/** Changes that are kept for watchers that come back. */
const KEPT_CHANGES = 10_000;
/** Changes that are forgotten at once: to take one from the front of a long list moves all others. */
const FORGOTTEN_AT_ONCE = 1_000;

const DEFAULT_LIMITS: WatchLimits = { lag: KEPT_CHANGES, patience: 10_000, progress: 1000 };

export class ChangeLog {
  /** Marks the revisions of this manager: they are ordered, and another manager does not know them. */
  readonly #term = randomBytes(4).toString("hex");
  readonly #limits: WatchLimits;
  readonly #kept: PuntEvent[] = [];
  /** The request of each punt in its last change. A request may have ten thousand rules, and a punt that fails ten thousand changes. */
  readonly #requests = new Map<string, PuntRequest>();
  readonly #watchers = new Map<Watcher, string | undefined>();
  readonly #listeners: ((event: PuntEvent) => void)[] = [];
  #number = 0;

  constructor(limits: Partial<WatchLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** Returns the revision of the last change. */
  get revision(): string {
    return this.#revisionOf(this.#number);
  }

  /** Calls `listener` at every change. An error that it throws is thrown again outside of the change. */
  listen(listener: (event: PuntEvent) => void): void {
    this.#listeners.push(listener);
  }

  publish(event: PuntEvent): void {
    this.#number++;
    this.#kept.push(this.#sharing(event));
    if (this.#kept.length >= KEPT_CHANGES + FORGOTTEN_AT_ONCE) this.#kept.splice(0, FORGOTTEN_AT_ONCE);
    const change = { kind: "change", revision: this.revision, event } as const;
    for (const [watcher, cnf] of this.#watchers) {
      if (cnf === undefined || cnf === event.id.cnf) watcher.change(change);
      else watcher.passed(change.revision);
    }
    for (const listener of this.#listeners) guarded(() => listener(event));
  }

  /** Returns the event with the request of the change before, if that is equal. */
  #sharing(event: PuntEvent): PuntEvent {
    const key = idKey(event.id);
    const before = this.#requests.get(key);
    const request = isDeepStrictEqual(before, event.status.request) ? before! : event.status.request;
    if (event.to === "DELETED") this.#requests.delete(key);
    else this.#requests.set(key, request);
    return { ...event, status: { ...event.status, request } };
  }

  /** Starts a watcher. `snapshot` returns the punts as they are now. */
  watch(
    { from, cnf, signal }: WatchOptions,
    snapshot: () => PuntStatus[],
  ): AsyncIterableIterator<WatchEvent, undefined> {
    const abort = () => watcher.close();
    const watcher = new Watcher(this.#limits, () => {
      this.#watchers.delete(watcher);
      signal?.removeEventListener("abort", abort);
    });
    const missed = this.#since(from);
    const own = missed?.filter(({ event }) => cnf === undefined || cnf === event.id.cnf);
    if (!own) watcher.begin(this.#snapshot(snapshot(), from !== undefined));
    // A watcher that comes back learns that it is followed again.
    else if (own.length === 0) watcher.begin({ kind: "progress", revision: this.revision });
    else for (const change of own) watcher.change(change);
    this.#watchers.set(watcher, cnf);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) watcher.close();
    return watcher;
  }

  /** Ends all watchers. */
  close(): void {
    for (const watcher of [...this.#watchers.keys()]) watcher.close();
  }

  #snapshot(punts: PuntStatus[], isResync: boolean): WatchEvent & { kind: "snapshot" } {
    return { kind: "snapshot", revision: this.revision, punts, ...(isResync && { resync: true }) };
  }

  /** Returns the changes after a revision, or undefined if they are not kept. */
  #since(revision: string | undefined): (WatchEvent & { kind: "change" })[] | undefined {
    const [term, text = ""] = revision?.split(":") ?? [];
    const number = Number(text);
    const oldest = this.#number - Math.min(this.#kept.length, KEPT_CHANGES);
    if (term !== this.#term || !/^\d+$/.test(text) || number < oldest || number > this.#number) return undefined;
    const first = this.#kept.length - (this.#number - number);
    return this.#kept.slice(first).map((event, index) => ({
      kind: "change",
      revision: this.#revisionOf(number + index + 1),
      event: { ...event, status: { ...event.status, request: structuredClone(event.status.request) } },
    }));
  }

  #revisionOf(number: number): string {
    return `${this.#term}:${number}`;
  }
}
