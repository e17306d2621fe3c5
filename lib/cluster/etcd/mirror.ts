// A copy of the keys below some prefixes: a snapshot, and the changes after it.
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
  /** Checks a snapshot before it replaces the copy. If it throws, the copy stays. */
  judge?(found: ReadonlyMap<string, Entry>): void;
  /** Checks changes before they are made in the copy. If it throws, the copy stays, and is read again. */
  judgeChanges?(changes: readonly Change[]): void;
  /** Called when keys have changed. `isSnapshot`: all keys were read again, and `changes` has the differences. */
  changed(changes: readonly Change[], isSnapshot: boolean): void;
  /** Called when etcd is lost, for another reason too, and when it is reached again. */
  reached(isReached: boolean, error?: PuntError): void;
}

export class Mirror {
  readonly #etcd: Etcd;
  readonly #prefixes: readonly string[];
  readonly #handlers: MirrorHandlers;
  readonly #entries = new Map<string, Entry>();
  /** Keys that this process deleted, with the revision: an older event must not bring them back. */
  readonly #deleted = new Map<string, number>();
  /** Keys that this process has written or deleted since the read under way began; undefined if there is none. */
  #written: Set<string> | undefined;
  #revision = 0;
  #isReached = false;
  /** The error since which etcd is lost; undefined while the copy follows etcd. */
  #problem: PuntError | undefined;
  #closed = false;
  /** Whether a wait began after the last read, and needs another snapshot. */
  #isStale = false;
  #endWatch: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #next = pending();

  constructor(etcd: Etcd, prefixes: readonly string[], handlers: MirrorHandlers) {
    this.#etcd = etcd;
    this.#prefixes = prefixes;
    this.#handlers = handlers;
  }

  start(): void {
    this.#running = this.#follow();
  }

  /** Whether the copy follows etcd now. */
  get isReached(): boolean {
    return this.#isReached;
  }

  /** Why the copy does not follow etcd now, as far as it is known. */
  get problem(): PuntError | undefined {
    return this.#problem;
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

  /** Enters a write of this process, before the watch reports it. */
  wrote(key: string, value: string | undefined, revision: number): void {
    const known = this.#entries.get(key);
    if ((known?.modified ?? 0) >= revision) return;
    this.#written?.add(key);
    if (value === undefined) {
      this.#entries.delete(key);
      this.#deleted.set(key, revision);
      return;
    }
    this.#entries.set(key, { key, value, created: known?.created ?? revision, modified: revision });
  }

  /** Reads everything again. Resolves with a snapshot that has every write that etcd confirmed before the call. */
  async resync(): Promise<void> {
    const next = pending();
    const before = this.#next;
    this.#next = next;
    this.#isStale = true;
    // The snapshot for this wait also ends earlier waits.
    void next.promise.then(before.resolve);
    this.#endWatch?.();
    await next.promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#endWatch?.();
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
    // Waits that begin during this read need the next one.
    const next = this.#next;
    this.#isStale = false;
    const written = new Set<string>();
    this.#written = written;
    const found = new Map<string, Entry>();
    let revision = Number.POSITIVE_INFINITY;
    for (const prefix of this.#prefixes) {
      const snapshot = await this.#etcd.range(prefix);
      // Each prefix was read at its own revision, so the watch begins after the earliest.
      revision = Math.min(revision, snapshot.revision);
      for (const entry of snapshot.entries) found.set(entry.key, entry);
    }
    if (this.#closed) return;
    const gone = this.#keepWritten(found, written);
    this.#written = undefined;
    this.#handlers.judge?.(found);
    const changes = this.#differences(found, revision);
    this.#entries.clear();
    for (const [key, entry] of found) this.#entries.set(key, entry);
    this.#deleted.clear();
    for (const [key, revision] of gone) this.#deleted.set(key, revision);
    this.#revision = revision;
    this.#reached(true);
    this.#handlers.changed(changes, true);
    next.resolve();
  }

  /**
   * Puts into a snapshot what this process wrote while the snapshot was read: etcd may have answered the write first.
   *
   * @returns the keys that it deleted during the read, with their revisions
   */
  #keepWritten(found: Map<string, Entry>, written: ReadonlySet<string>): Map<string, number> {
    const gone = new Map<string, number>();
    for (const key of written) {
      const entry = this.#entries.get(key);
      const revision = entry?.modified ?? this.#deleted.get(key) ?? 0;
      if ((found.get(key)?.modified ?? 0) > revision) continue;
      if (entry) found.set(key, entry);
      else if (found.delete(key) || this.#deleted.has(key)) gone.set(key, revision);
    }
    return gone;
  }

  #differences(found: ReadonlyMap<string, Entry>, revision: number): Change[] {
    const gone = [...this.#entries.keys()].filter((key) => !found.has(key)).map((key) => ({ key, revision }));
    const written = [...found.values()]
      .filter(({ key, modified }) => this.#entries.get(key)?.modified !== modified)
      .map((entry) => ({ key: entry.key, entry, revision: entry.modified }));
    return [...gone, ...written];
  }

  /** Rejects when the watch ends. After a compaction etcd is not lost: the next turn reads a snapshot. */
  #watch(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#endWatch = () => {
        stop();
        resolve();
      };
      const stop = this.#etcd.watch(this.#prefixes, this.#revision + 1, {
        changes: (changes) => {
          try {
            this.#take(changes);
          } catch (error) {
            stop();
            reject(error);
          }
        },
        ended: (error) => {
          const { code } = error as PuntError;
          if (code === "ERR_ETCD_COMPACTED") resolve();
          // The next read tells whether etcd is lost.
          else if (code === "ERR_ETCD_LEFT") setTimeout(resolve, PAUSE_MS).unref();
          else reject(error);
        },
      });
      if (this.#closed) this.#endWatch();
    });
  }

  #take(changes: readonly Change[]): void {
    this.#handlers.judgeChanges?.(changes.filter((change) => this.#isNews(change)));
    const news = changes.filter((change) => this.#apply(change));
    for (const { revision } of changes) this.#revision = Math.max(this.#revision, revision);
    if (news.length > 0) this.#handlers.changed(news, false);
  }

  /** Returns whether the copy lacks the change. The echo of a write of this process is in the copy already. */
  #isNews({ key, revision }: Change): boolean {
    return this.#known(key) < revision;
  }

  #known(key: string): number {
    return this.#entries.get(key)?.modified ?? this.#deleted.get(key) ?? 0;
  }

  /** Returns whether the event is news. */
  #apply({ key, entry, revision }: Change): boolean {
    const known = this.#known(key);
    // After the echo of a deletion, no older event arrives.
    if (known <= revision) this.#deleted.delete(key);
    if (known >= revision) return false;
    if (entry) this.#entries.set(key, entry);
    else this.#entries.delete(key);
    return true;
  }

  #reached(isReached: boolean, error?: PuntError): void {
    const isKnown = this.#isReached === isReached && this.#problem?.message === error?.message;
    this.#isReached = isReached;
    this.#problem = error;
    if (isKnown) return;
    this.#handlers.reached(isReached, error);
  }
}
