// A copy of what lies below some prefixes: a snapshot, and the changes from the revision after it on.
import { setTimeout as sleep } from "node:timers/promises";
import type { PuntError } from "../../errors.js";
import type { Entry } from "./entry.js";
import type { Etcd } from "./etcd.js";
import type { Change } from "./watch.js";

/** Milliseconds between two attempts to reach etcd. */
const PAUSE_MS = 250;

interface Pending {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function pending(): Pending {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

export interface MirrorHandlers {
  /** Looks at a snapshot before it replaces what is known. May throw: then what is known stays. */
  judge?(found: ReadonlyMap<string, Entry>): void;
  /** Some keys changed. `isSnapshot`: everything was read again, so `changes` has the differences from before. */
  changed(changes: readonly Change[], isSnapshot: boolean): void;
  /** etcd was lost, or reached again. */
  reached(isReached: boolean, error?: PuntError): void;
}

export class Mirror {
  readonly #etcd: Etcd;
  readonly #prefixes: readonly string[];
  readonly #handlers: MirrorHandlers;
  readonly #entries = new Map<string, Entry>();
  /** Keys that were deleted here, with the revision: an event that is older must not bring them back. */
  readonly #deleted = new Map<string, number>();
  #revision = 0;
  #isReached = false;
  /** Code of the last error. */
  #reason: string | undefined;
  #closed = false;
  /** A wait began after the last read: the next snapshot is for it. */
  #isStale = false;
  #endWatch: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  readonly #first = pending();
  #next = pending();

  constructor(etcd: Etcd, prefixes: readonly string[], handlers: MirrorHandlers) {
    this.#etcd = etcd;
    this.#prefixes = prefixes;
    this.#handlers = handlers;
  }

  start(): void {
    this.#running = this.#follow();
  }

  /** Resolves after the first snapshot. */
  get ready(): Promise<void> {
    return this.#first.promise;
  }

  /** Whether the copy follows etcd now. */
  get isReached(): boolean {
    return this.#isReached;
  }

  /** The last revision that the copy has. */
  get revision(): number {
    return this.#revision;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Returns the entries below a prefix, in no certain order. */
  below(prefix: string): Entry[] {
    return [...this.#entries.values()].filter(({ key }) => key.startsWith(prefix));
  }

  /** Takes over what this process has written itself, before the watch tells it. */
  wrote(key: string, value: string | undefined, revision: number): void {
    const known = this.#entries.get(key);
    if ((known?.modified ?? 0) >= revision) return;
    if (value === undefined) {
      this.#entries.delete(key);
      this.#deleted.set(key, revision);
      return;
    }
    this.#entries.set(key, { key, value, created: known?.created ?? revision, modified: revision });
  }

  /** Reads everything again. Resolves with the snapshot: it has every write that etcd confirmed before the call. */
  async resync(): Promise<void> {
    const next = pending();
    const before = this.#next;
    this.#next = next;
    this.#isStale = true;
    // An earlier wait ends with this one: its snapshot is as new.
    void next.promise.then(before.resolve);
    this.#endWatch?.();
    await next.promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#endWatch?.();
    this.#first.resolve();
    this.#next.resolve();
    await this.#running;
  }

  async #follow(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#read();
        if (!this.#isStale) await this.#watch();
      } catch (error) {
        if (this.#closed) return;
        this.#reached(false, error as PuntError);
        await sleep(PAUSE_MS, undefined, { ref: false });
      }
    }
  }

  async #read(): Promise<void> {
    // Waits that begin during the read are for the next one.
    const next = this.#next;
    this.#isStale = false;
    const found = new Map<string, Entry>();
    let revision = Number.POSITIVE_INFINITY;
    for (const prefix of this.#prefixes) {
      const snapshot = await this.#etcd.range(prefix);
      // Each was read at its own revision: the watch begins after the earliest.
      revision = Math.min(revision, snapshot.revision);
      for (const entry of snapshot.entries) found.set(entry.key, entry);
    }
    if (this.#closed) return;
    this.#handlers.judge?.(found);
    const changes = this.#differences(found, revision);
    this.#entries.clear();
    for (const [key, entry] of found) this.#entries.set(key, entry);
    this.#deleted.clear();
    this.#revision = revision;
    this.#reached(true);
    this.#handlers.changed(changes, true);
    this.#first.resolve();
    next.resolve();
  }

  #differences(found: ReadonlyMap<string, Entry>, revision: number): Change[] {
    const gone = [...this.#entries.keys()].filter((key) => !found.has(key)).map((key) => ({ key, revision }));
    const written = [...found.values()]
      .filter(({ key, modified }) => this.#entries.get(key)?.modified !== modified)
      .map((entry) => ({ key: entry.key, entry, revision: entry.modified }));
    return [...gone, ...written];
  }

  /** Rejects when the watch ends. A compacted history is no loss of etcd: the next turn reads a snapshot. */
  #watch(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#endWatch = () => {
        stop();
        resolve();
      };
      const stop = this.#etcd.watch(this.#prefixes, this.#revision + 1, {
        changes: (changes) => this.#take(changes),
        ended: (error) => {
          if ((error as PuntError).code === "ERR_ETCD_COMPACTED") resolve();
          else reject(error);
        },
      });
      if (this.#closed) this.#endWatch();
    });
  }

  #take(changes: readonly Change[]): void {
    const news = changes.filter((change) => this.#apply(change));
    for (const { revision } of changes) this.#revision = Math.max(this.#revision, revision);
    if (news.length > 0) this.#handlers.changed(news, false);
  }

  /** Returns whether it is news: the echo of a write of this process is not. */
  #apply({ key, entry, revision }: Change): boolean {
    const known = this.#entries.get(key)?.modified ?? this.#deleted.get(key) ?? 0;
    // Nothing older comes after the echo of a deletion.
    if (known <= revision) this.#deleted.delete(key);
    if (known >= revision) return false;
    if (entry) this.#entries.set(key, entry);
    else this.#entries.delete(key);
    return true;
  }

  #reached(isReached: boolean, error?: PuntError): void {
    if (this.#isReached === isReached && this.#reason === error?.code) return;
    this.#isReached = isReached;
    this.#reason = error?.code;
    this.#handlers.reached(isReached, error);
  }
}
