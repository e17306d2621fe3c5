// The status of punts in etcd: the daemon that acts writes it, and all others read it.
import { setTimeout as sleep } from "node:timers/promises";
import type { PuntError } from "../errors.js";
import { type PuntFailure, type PuntId, type PuntRequest, type PuntStatus, withoutSecrets } from "../punt/index.js";
import { type Condition, type Entry, type Etcd, MOST_WRITES, type Write } from "./etcd/index.js";
import type { Keys } from "./keys.js";
import type { Leadership } from "./leadership.js";
import { content, parseJson } from "./records.js";
import { statusOfForm } from "./status-form.js";

/** Milliseconds for which changes gather, because a new punt changes several times in a row. */
const GATHER_MS = 30;
const PAUSE_MS = 500;

/** A status as etcd has it. */
export interface StatusRecord {
  readonly status: PuntStatus;
  /** Revision of the wish that it answers; 0 for none. */
  readonly wish: number;
  /** The daemon did not take the wish: VPP has what the one before asked for, or nothing. */
  readonly refused?: true;
  readonly at: string;
}

/** Reads a status. @throws PuntError ERR_ETCD_CONTENT */
export function parseStatus({ key, value }: Entry): StatusRecord {
  const record = parseJson(key, value) as StatusRecord;
  return { ...record, status: revived(record.status, key) };
}

/** Checks a status, and turns its texts back into dates. @throws PuntError ERR_ETCD_CONTENT, which names `key` */
export function revived(value: unknown, key: string): PuntStatus {
  const status = statusOfForm(value);
  if (status === undefined) throw content(key, "is not the status of a punt");
  const { failure } = status;
  return failure ? { ...status, failure: { ...failure, nextTry: new Date(failure.nextTry) } } : status;
}

/** Returns why a daemon did not take a wish. */
export function refusal({ code, message }: PuntError): PuntFailure {
  return { item: "request", code, message, attempts: 1, nextTry: new Date(Date.now() + 10_000) };
}

/** Returns the status of a punt whose wish a daemon did not take. */
export function refusedStatus(status: PuntStatus, failure: PuntFailure): PuntStatus {
  return { ...status, state: "FAILED", failure };
}

/** A punt without a status from any daemon. */
export function bareStatus(id: PuntId, request: PuntRequest | undefined): PuntStatus {
  const type = request?.type ?? ("UNKNOWN" as PuntStatus["metadata"]["type"]);
  return {
    ...{ id, request: request ?? (id as unknown as PuntRequest), state: "INIT", missing: [], reasons: [] },
    metadata: { id, type, interconnects: [], caveats: [] },
  };
}

interface Wanted {
  readonly body: string;
  readonly at: string;
}

/** Keeps the status keys of a host equal to the manager's statuses, while its daemon acts. */
export class StatusWriter {
  readonly #etcd: Etcd;
  readonly #keys: Keys;
  readonly #leadership: Leadership;
  readonly #problem: (error: PuntError) => void;
  readonly #wanted = new Map<string, Wanted>();
  #known: Map<string, Entry> | undefined;
  /** The revision of the last write; 0 before the first one. */
  #last = 0;
  /**
   * Whether etcd may still make a write that was given up, at first one of an earlier term. The next write, even of nothing, prevents
   * that.
   */
  #isOpen = true;
  #dirty = new Set<string>();
  #flushing: Promise<void> | undefined;
  /** Resolve when etcd has the statuses of their time. */
  #waiting: (() => void)[] = [];
  /** Ends the time in which changes gather. */
  #hurry = () => {};
  #ended = false;

  constructor(etcd: Etcd, keys: Keys, leadership: Leadership, problem: (error: PuntError) => void) {
    this.#etcd = etcd;
    this.#keys = keys;
    this.#leadership = leadership;
    this.#problem = problem;
  }

  /** Begins: the statuses that a daemon before left of punts that are gone are deleted, also where there is nothing to write. */
  start(): void {
    this.#begin();
  }

  /** etcd was lost and is there again: it may have lost statuses too, as after the restoration of a snapshot. */
  lookAgain(): void {
    this.#known = undefined;
    this.#begin();
  }

  put(status: PuntStatus, wish: number, refused = false): void {
    const key = this.#keys.punt("status", status.id);
    const body = JSON.stringify({ status: withoutSecrets(status), wish, ...(refused && { refused }) });
    if (this.#wanted.get(key)?.body === body) return;
    this.#wanted.set(key, { body, at: new Date().toISOString() });
    this.#mark(key);
  }

  delete(id: PuntId): void {
    const key = this.#keys.punt("status", id);
    this.#wanted.delete(key);
    this.#mark(key);
  }

  /** Writes what is left, and stops. If etcd refuses it now, or another daemon acts, the next daemon writes it. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#hurry();
    await this.#flushing;
  }

  /** Resolves once etcd has the statuses that were put before, or does not take them now: who asked for a change then finds it in etcd. */
  async written(): Promise<void> {
    if (!this.#flushing) return;
    const written = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#hurry();
    return written;
  }

  #mark(key: string): void {
    this.#dirty.add(key);
    this.#begin();
  }

  #begin(): void {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
      // A key may have been marked after the last write, and before this.
      if (this.#dirty.size > 0 && !this.#ended) this.#begin();
      else for (const resolve of this.#waiting.splice(0)) resolve();
    });
  }

  async #flush(): Promise<void> {
    let isWritten: boolean;
    do {
      await this.#gather();
      const waiting = this.#waiting.splice(0);
      // A lease that is renewed late makes the daemon good again, in the same term.
      isWritten = this.#leadership.isGood && (await this.#try());
      for (const resolve of waiting) resolve();
      // At the end, what changed during a write is written too.
    } while ((this.#dirty.size > 0 || this.#known === undefined) && (isWritten || !this.#ended));
  }

  /** @returns whether etcd has all that was there to write when it began */
  async #try(): Promise<boolean> {
    try {
      await this.#read();
      await this.#write();
      return this.#known !== undefined;
    } catch (error) {
      // It is not known what etcd has now, so it is read again before the next write.
      this.#known = undefined;
      if (this.#ended || !this.#leadership.isGood) return false;
      this.#problem(error as PuntError);
      await sleep(PAUSE_MS);
      return false;
    }
  }

  /** Lets changes gather, unless something waits for them. */
  async #gather(): Promise<void> {
    if (this.#waiting.length > 0 || this.#ended) return;
    const hurried = new Promise<void>((resolve) => {
      this.#hurry = resolve;
    });
    await Promise.race([hurried, sleep(GATHER_MS)]);
  }

  async #read(): Promise<void> {
    if (this.#known) return;
    const { entries } = await this.#etcd.range(this.#keys.folder("status"));
    this.#known = new Map(entries.map((entry) => [entry.key, entry]));
    this.#last = this.#known.get(this.#keys.statuses)?.modified ?? 0;
    this.#known.delete(this.#keys.statuses);
    this.#dirty = new Set([...this.#known.keys(), ...this.#wanted.keys()]);
  }

  async #write(): Promise<void> {
    const known = this.#known!;
    const dirty = [...this.#dirty];
    while ((dirty.length > 0 || this.#isOpen) && this.#leadership.isGood) {
      const keys = dirty.splice(0, MOST_WRITES);
      const writes = keys.flatMap((key) => this.#difference(key, known.get(key)));
      for (const key of keys) this.#dirty.delete(key);
      if (writes.length === 0 && !this.#isOpen) continue;
      const revision = await this.#made(writes, known);
      if (revision === undefined) {
        this.#known = undefined;
        return;
      }
      for (const { key, value } of writes) {
        if (value === undefined) known.delete(key);
        else known.set(key, { key, value, created: revision, modified: revision });
      }
    }
  }

  /** @returns the revision; undefined if etcd has something else than this daemon knows */
  async #made(writes: readonly Write[], known: ReadonlyMap<string, Entry>): Promise<number | undefined> {
    const { condition, lease } = this.#leadership;
    const { statuses: key } = this.#keys;
    const all: Condition[] = writes.map((write) => ({ key: write.key, modified: known.get(write.key)?.modified ?? 0 }));
    const mark = { key, value: "{}", ...(lease !== undefined && { lease }) };
    this.#isOpen = true;
    const revision = await this.#etcd.write([condition, { key, modified: this.#last }, ...all], [...writes, mark]);
    this.#isOpen = false;
    this.#last = revision ?? 0;
    return revision;
  }

  #difference(key: string, known: Entry | undefined): Write[] {
    const wanted = this.#wanted.get(key);
    if (!wanted) return known ? [{ key }] : [];
    const before = `${wanted.body.slice(0, -1)},"at":`;
    return known?.value.startsWith(before) ? [] : [{ key, value: `${before}"${wanted.at}"}` }];
  }
}
