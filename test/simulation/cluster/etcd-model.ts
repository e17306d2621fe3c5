// An etcd in memory: keys with revisions, conditions, leases, watches and compaction. It takes and gives etcd's own messages.
import type { ICompare, IRangeRequest, IRequestOp, ITxnRequest } from "etcd3";
import type { Schedule } from "../world/index.js";

interface Kv {
  readonly key: string;
  readonly value: string;
  readonly created: number;
  readonly modified: number;
  readonly lease: string;
}

interface Lease {
  seconds: number;
  until: number;
}

/** A key that was written, or deleted at that revision. */
export interface KeyEvent {
  readonly key: string;
  readonly revision: number;
  readonly kv: Kv | undefined;
}

/** A watch of the keys from `start` to below `end`. */
export interface Watcher {
  readonly start: string;
  readonly end: string;
  /** The revision of the first event that it still lacks. */
  next: number;
  /** Whether it gets events as they happen. */
  isSynced: boolean;
  events(events: readonly KeyEvent[]): void;
}

/** How a snapshot is restored. */
export interface Snapshot {
  /** The number of revisions that are lost. */
  readonly revisions: number;
  /** Whether the revision is raised beyond all that clients may know, as by `--bump-revision`. */
  readonly isAhead: boolean;
  /** Whether the cluster has another id than before. */
  readonly isNewCluster: boolean;
}

/** Revisions by which a restored etcd is ahead. */
const AHEAD = 1_000;

/** The message and gRPC's number of a call that etcd refuses. */
export function etcdRefusal(code: number, text: string): Error {
  return Object.assign(new Error(`${code} ${text}`), { code });
}

export class EtcdModel {
  readonly #schedule: Schedule;
  readonly #kvs = new Map<string, Kv>();
  readonly #leases = new Map<string, Lease>();
  readonly #watchers = new Set<Watcher>();
  readonly #history: KeyEvent[] = [];
  /** All events, for snapshots, the forgotten ones too. */
  #log: KeyEvent[] = [];
  /** The seconds of each lease that there ever was. */
  readonly #seconds = new Map<string, number>();
  #revision = 1;
  /** Events before this revision are forgotten. */
  #compacted = 0;
  #nextLease = 7_000;
  #cluster = 77;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  get header() {
    return { cluster_id: String(this.#cluster), member_id: "1", revision: String(this.#revision), raft_term: "2" };
  }

  get compacted(): number {
    return this.#compacted;
  }

  get revision(): number {
    return this.#revision;
  }

  get(key: string): Kv | undefined {
    return this.#kvs.get(key);
  }

  /** The keys below a prefix, in order. */
  below(prefix: string): Kv[] {
    return [...this.#kvs.values()].filter(({ key }) => key.startsWith(prefix)).sort(byKey);
  }

  /** Whether a lease is alive. */
  isAlive(lease: string): boolean {
    const found = this.#leases.get(lease);
    return found !== undefined && found.until > this.#schedule.now;
  }

  range({ key, range_end, keys_only, count_only }: IRangeRequest) {
    const start = textOf(key);
    const end = range_end === undefined ? `${start}\0` : textOf(range_end);
    const found = [...this.#kvs.values()].filter((kv) => kv.key >= start && kv.key < end).sort(byKey);
    const kvs = count_only ? [] : found.map((kv) => messageOf(keys_only ? { ...kv, value: "" } : kv));
    return { header: this.header, kvs, more: false, count: String(found.length) };
  }

  txn({ compare = [], success = [] }: ITxnRequest) {
    const succeeded = compare.every((each) => this.#holds(each));
    if (succeeded) this.#commit(success);
    return { header: this.header, succeeded, responses: [] };
  }

  #holds({ key, target, mod_revision, create_revision }: ICompare): boolean {
    const kv = this.#kvs.get(textOf(key));
    return target === "Mod" ? (kv?.modified ?? 0) === mod_revision : (kv?.created ?? 0) === create_revision;
  }

  /** Makes all operations at one revision. Deletions of nothing make none. */
  #commit(operations: readonly IRequestOp[]): void {
    const revision = this.#revision + 1;
    for (const { request_put: put } of operations)
      if (put?.lease !== undefined && !this.#leases.has(String(put.lease)))
        throw etcdRefusal(5, "NOT_FOUND: etcdserver: requested lease not found");
    const events = operations.flatMap(({ request_put: put, request_delete_range: deletion }) => {
      if (put) return [this.#put(textOf(put.key), textOf(put.value), String(put.lease ?? "0"), revision)];
      const key = textOf(deletion?.key);
      return this.#kvs.delete(key) ? [{ key, revision, kv: undefined }] : [];
    });
    this.#happened(events);
  }

  #put(key: string, value: string, lease: string, revision: number): KeyEvent {
    const kv = { key, value, lease, created: this.#kvs.get(key)?.created ?? revision, modified: revision };
    this.#kvs.set(key, kv);
    return { key, revision, kv };
  }

  #happened(events: readonly KeyEvent[]): void {
    if (events.length === 0) return;
    this.#revision = events[0]!.revision;
    this.#history.push(...events);
    this.#log.push(...events);
    this.#schedule.note(JSON.stringify(events));
    for (const watcher of this.#watchers) if (watcher.isSynced) this.#tell(watcher, events);
  }

  /** A watch may begin in the future: it gets nothing of what happens before. */
  #tell(watcher: Watcher, events: readonly KeyEvent[]): void {
    const { start, end, next } = watcher;
    const seen = events.filter(({ key, revision }) => key >= start && key < end && revision >= next);
    watcher.next = Math.max(next, this.#revision + 1);
    if (seen.length > 0) watcher.events(seen);
  }

  grant(seconds: number) {
    const id = String(this.#nextLease++);
    this.#seconds.set(id, seconds);
    this.#leases.set(id, { seconds, until: this.#schedule.now + seconds * 1000 });
    return { header: this.header, ID: id, TTL: String(seconds), error: "" };
  }

  /** @returns what etcd answers to a renewal: 0 seconds for a lease that is over */
  renew(id: string) {
    const lease = this.isAlive(id) ? this.#leases.get(id)! : undefined;
    if (lease) lease.until = this.#schedule.now + lease.seconds * 1000;
    return { header: this.header, ID: id, TTL: String(lease?.seconds ?? 0) };
  }

  remaining(id: string) {
    const left = this.isAlive(id) ? Math.ceil((this.#leases.get(id)!.until - this.#schedule.now) / 1000) : -1;
    return { header: this.header, ID: id, TTL: String(left), grantedTTL: "0", keys: [] };
  }

  /** Ends a lease with its keys. @throws an error: there is no such lease */
  revoke(id: string) {
    if (!this.#leases.delete(id)) throw etcdRefusal(5, "NOT_FOUND: etcdserver: requested lease not found");
    const revision = this.#revision + 1;
    const keys = [...this.#kvs.values()].filter(({ lease }) => lease === id).map(({ key }) => key);
    for (const key of keys) this.#kvs.delete(key);
    this.#happened(keys.map((key) => ({ key, revision, kv: undefined })));
    return { header: this.header };
  }

  /** Ends the leases whose time is over. etcd looks for them twice a second. */
  expire(): void {
    for (const [id, { until }] of this.#leases) if (until <= this.#schedule.now) this.revoke(id);
  }

  /** A new leader of etcd's servers gives every lease its whole time again. */
  refreshLeases(): void {
    for (const lease of this.#leases.values()) lease.until = this.#schedule.now + lease.seconds * 1000;
  }

  /** Forgets all events before the present revision. */
  compact(): void {
    this.#compacted = this.#revision;
    const kept = this.#history.filter(({ revision }) => revision >= this.#compacted);
    this.#history.splice(0, this.#history.length, ...kept);
  }

  /** The keys as they were so many revisions ago. */
  before(revisions: number): Map<string, Kv> {
    const last = this.#revision - revisions;
    const found = new Map<string, Kv>();
    for (const { key, revision, kv } of this.#log) {
      if (revision > last) break;
      if (kv) found.set(key, kv);
      else found.delete(key);
    }
    return found;
  }

  /**
   * Has what it had so many revisions ago, as after the restoration of a snapshot. The leases of that time have their whole time again,
   * and later ones are gone. The revision goes back, or far ahead.
   */
  restore({ revisions, isAhead, isNewCluster }: Snapshot): void {
    const kvs = this.before(revisions);
    const last = this.#revision - revisions;
    this.#log = this.#log.filter(({ revision }) => revision <= last);
    this.#history.splice(0, this.#history.length);
    this.#kvs.clear();
    for (const [key, kv] of kvs) this.#kvs.set(key, kv);
    this.#leases.clear();
    for (const { lease } of kvs.values()) {
      const seconds = this.#seconds.get(lease);
      if (seconds !== undefined) this.#leases.set(lease, { seconds, until: this.#schedule.now + seconds * 1000 });
    }
    this.#revision = isAhead ? this.#revision + AHEAD : last;
    this.#compacted = this.#revision;
    if (isNewCluster) this.#cluster++;
    this.#schedule.note(`restored ${this.#revision}\n`);
  }

  watch(watcher: Watcher): void {
    this.#watchers.add(watcher);
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  /** Gives a watcher the events that it lacks. @returns false if some of them are forgotten */
  sync(watcher: Watcher): boolean {
    if (watcher.next < this.#compacted) return false;
    watcher.isSynced = true;
    this.#tell(watcher, this.#history);
    return true;
  }

  /** Writes or deletes a key, as a program other than a daemon does. */
  set(key: string, value: string | undefined): void {
    const bytes = { key: Buffer.from(key), ...(value !== undefined && { value: Buffer.from(value) }) };
    this.#commit([{ [value === undefined ? "request_delete_range" : "request_put"]: bytes } as unknown as IRequestOp]);
  }
}

function byKey(one: Kv, other: Kv): number {
  return one.key < other.key ? -1 : one.key > other.key ? 1 : 0;
}

function textOf(bytes: Buffer | string | undefined): string {
  return Buffer.from(bytes ?? "").toString("utf8");
}

/** Returns a key as etcd's messages have it. */
export function messageOf({ key, value, created, modified, lease }: Kv) {
  return {
    ...{ key: Buffer.from(key), value: Buffer.from(value), lease, version: "1" },
    ...{ create_revision: String(created), mod_revision: String(modified) },
  };
}

/** Returns an event as etcd's messages have it. */
export function eventMessage({ key, revision, kv }: KeyEvent) {
  const gone = { key, value: "", created: 0, modified: revision, lease: "0" };
  return { type: kv ? "PUT" : "DELETE", kv: messageOf(kv ?? gone) };
}
