// Elects the daemon of a host that acts: by a lease in etcd, whose end this process computes by its own clock.
import { randomUUID } from "node:crypto";
import { PuntError } from "../errors.js";
import { lazily, zod } from "../lazily.js";
import { isPast, later, type Moment, now, until } from "./clock.js";
import { type Condition, type Etcd, isAway, type Mirror, wasNotSent } from "./etcd/index.js";
import type { Keys } from "./keys.js";

/** A daemon stops this many ms before its lease ends in etcd, because etcd's clock may be faster. */
const MARGIN_MS = 1_000;
const RETRY_MS = 250;
/** How long a daemon that ends tries to give the lead up where etcd answers late. */
const RELEASE_MS = 5_000;
/** etcd checks twice a second for leases that are over. */
const OLD_LEASE_POLL_MS = 200;

export interface LeaderRecord {
  /** Name of the daemon that acts. */
  readonly daemon: string;
  /** Its addresses. */
  readonly addresses: readonly string[];
  readonly since: string;
  /** Tells two attempts of the same daemon apart. */
  readonly attempt: string;
}

export interface LeadershipOptions {
  /** Seconds of the lease in etcd. */
  readonly ttl: number;
  readonly daemon: string;
  readonly addresses: readonly string[];
}

export interface LeadershipHandlers {
  /** Called when this daemon begins to act: for the first time, or again after etcd was away. */
  acquired(): void;
  /** Called when this daemon stops acting. `isGood` is false from then on, and nothing may be sent. */
  lost(reason: string): void;
}

interface Term {
  readonly lease: string;
  /** Revision at which the leader's key was made. */
  readonly created: number;
}

export class Leadership {
  readonly #etcd: Etcd;
  readonly #mirror: Mirror;
  readonly #keys: Keys;
  readonly #options: LeadershipOptions;
  readonly #handlers: LeadershipHandlers;
  #term: Term | undefined;
  #goodUntil: Moment | undefined;
  #isActing = false;
  /** Why this daemon does not stand for election. */
  readonly #bars = new Set<string>();
  #closed = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(etcd: Etcd, mirror: Mirror, keys: Keys, options: LeadershipOptions, handlers: LeadershipHandlers) {
    this.#etcd = etcd;
    this.#mirror = mirror;
    this.#keys = keys;
    this.#options = options;
    this.#handlers = handlers;
  }

  /** Whether this daemon may act now, by its own clock. */
  get isGood(): boolean {
    return this.#isActing && this.#goodUntil !== undefined && !isPast(this.#goodUntil);
  }

  /** Seconds for which this daemon may still act without an answer of etcd; undefined if it does not lead. */
  get leaseSeconds(): number | undefined {
    return this.#term && this.#goodUntil && until(this.#goodUntil) / 1000;
  }

  /** Resolves when this daemon may not act any more. */
  async untilBad(): Promise<void> {
    while (this.isGood) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  /** @throws PuntError ERR_NOT_LEADER: this daemon may not act */
  requireGood(op: string): void {
    if (!this.isGood) throw this.refusal(op);
  }

  /** Returns the error of a change that this daemon may not make. */
  refusal(op: string): PuntError {
    const { daemon = "", addresses = [] } = this.leader ?? {};
    const isSelf = daemon === this.#options.daemon;
    const who = isSelf ? "its lease has to be renewed first" : daemon === "" ? "no daemon does now" : `${daemon} does`;
    const message = `this daemon (${this.#options.daemon}) does not act for host ${this.#keys.host}: ${who}`;
    return new PuntError(op, "ERR_NOT_LEADER", message, { host: this.#keys.host, leader: daemon, addresses });
  }

  /** The condition of every write of this term: the leader's key is still the key that this daemon made. */
  get condition(): Condition {
    return { key: this.#keys.leader, created: this.#term?.created ?? -1 };
  }

  /** Tells this process from others with the same name. */
  readonly self = randomUUID();

  /** The name of this daemon. */
  get daemon(): string {
    return this.#options.daemon;
  }

  /** Seconds of a lease in etcd. */
  get ttl(): number {
    return this.#options.ttl;
  }

  /** The lease of this term; undefined if this daemon does not lead. */
  get lease(): string | undefined {
    return this.#term?.lease;
  }

  /** The daemon that acts, by the copy of etcd. */
  get leader(): LeaderRecord | undefined {
    const entry = this.#mirror.get(this.#keys.leader);
    return entry && parseLeader(entry.value);
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Sets whether something keeps this daemon from standing for election. A daemon that does not stand gives the lead up. */
  bar(reason: string, isBarred: boolean): void {
    if (isBarred) this.#bars.add(reason);
    else this.#bars.delete(reason);
    if (isBarred) this.#lose("it does not stand for election any more");
    this.#wake?.();
  }

  get #isCandidate(): boolean {
    return !this.#closed && this.#bars.size === 0;
  }

  /** Called after the leader's key has changed. */
  look(): void {
    const entry = this.#mirror.get(this.#keys.leader);
    if (this.#term && entry?.created !== this.#term.created && this.#mirror.revision >= this.#term.created) {
      this.#term = undefined;
      this.#lose(entry ? "another daemon leads" : "its key in etcd was deleted");
    }
    this.#wake?.();
  }

  /** Gives the lead up, so that the next daemon need not wait for the end of the lease. Call it when nothing acts any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#lose("the daemon stops");
    this.#wake?.();
    await this.#running;
    await this.#release();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      try {
        if (this.#term) await this.#keep(this.#term);
        else if (!this.#isCandidate) await this.#sleep(60_000);
        else await this.#campaign();
      } catch (error) {
        if (!isAway(error) && !this.#closed) this.onProblem?.(error as PuntError);
        await this.#sleep(RETRY_MS);
      }
    }
  }

  /** Called with errors other than etcd's silence. */
  onProblem: ((error: PuntError) => void) | undefined;

  /** Renews the lease, and ends the lead in time when etcd does not answer. */
  async #keep(term: Term): Promise<void> {
    if (!this.#isCandidate) {
      await this.#release();
      return;
    }
    const begun = now();
    const timer = setTimeout(() => this.#expire(), until(this.#goodUntil!));
    let seconds: number;
    try {
      seconds = await this.#etcd.renew(term.lease);
    } catch (error) {
      if (isPast(this.#goodUntil!)) this.#expire();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    if (this.#term !== term || this.#closed) return;
    if (seconds <= 0) {
      this.#term = undefined;
      this.#lose("its lease is over");
      return;
    }
    // The answer is late, perhaps because the process was stopped. Another daemon may have led since.
    if (!this.#isActing || isPast(this.#goodUntil!)) await this.#reassure(term, begun, seconds);
    else this.#goodUntil = later(begun, seconds * 1000 - MARGIN_MS);
    await this.#sleep(Math.min((seconds * 1000) / 4, until(this.#goodUntil!)));
    if (isPast(this.#goodUntil!)) this.#expire();
  }

  /** The lease was renewed after this daemon had stopped acting. It acts again if no other daemon led in between. */
  async #reassure(term: Term, begun: Moment, seconds: number): Promise<void> {
    this.#lose("its lease was not renewed in time");
    const entry = await this.#etcd.get(this.#keys.leader);
    if (this.#term !== term) return;
    if (entry?.created !== term.created) {
      this.#term = undefined;
      return;
    }
    this.#goodUntil = later(begun, seconds * 1000 - MARGIN_MS);
    this.#act();
  }

  async #campaign(): Promise<void> {
    if (!this.#mirror.isReached || this.#mirror.get(this.#keys.leader)) return this.#sleep(1000);
    const before = await this.#afterOldLease();
    // It waits no longer then, and the last term may not be over.
    if (this.#closed) return;
    const begun = now();
    const { id: lease, seconds } = await this.#etcd.grant(this.#options.ttl);
    const created = await this.#claim(lease, before);
    if (created === undefined || this.#closed || !this.#isCandidate) {
      await this.#revoke(lease);
      return;
    }
    this.#term = { lease, created };
    this.#goodUntil = later(begun, seconds * 1000 - MARGIN_MS);
    if (isPast(this.#goodUntil)) return;
    this.#act();
  }

  /**
   * Waits for the end of the last term's lease. An operator may have deleted the leader's key while its daemon still acts. The copy may
   * not have that term yet, although it has the deletion, so this reads the term from etcd.
   *
   * @returns the condition that no other term has begun since
   */
  async #afterOldLease(): Promise<Condition> {
    const key = this.#keys.term;
    const entry = await this.#etcd.get(key);
    const lease = entry && leaseIn(entry.value);
    while (lease !== undefined && !this.#closed && (await this.#etcd.remaining(lease)) > 0)
      await this.#sleep(OLD_LEASE_POLL_MS);
    return { key, modified: entry?.modified ?? 0 };
  }

  /** Makes the leader's key. @returns the revision, or undefined if another daemon has it, or has had it since `before` */
  async #claim(lease: string, before: Condition): Promise<number | undefined> {
    const { daemon, addresses } = this.#options;
    const attempt = randomUUID();
    const record: LeaderRecord = { daemon, addresses, since: new Date().toISOString(), attempt };
    const term = { key: this.#keys.term, value: JSON.stringify({ lease, daemon }) };
    try {
      return await this.#etcd.write(
        [{ key: this.#keys.leader, created: 0 }, before],
        [{ key: this.#keys.leader, value: JSON.stringify(record), lease }, term],
      );
    } catch (error) {
      if (!isAway(error)) throw error;
      // etcd may have made the key, or may still make it. It ends with the lease of this attempt.
      const entry = await this.#etcd.get(this.#keys.leader).catch(() => undefined);
      if (entry && parseLeader(entry.value)?.attempt === attempt) return entry.created;
      await this.#etcd.revoke(lease).catch(() => {});
      throw error;
    }
  }

  #act(): void {
    this.#isActing = true;
    this.#handlers.acquired();
  }

  #expire(): void {
    this.#lose("etcd did not renew its lease in time");
  }

  #lose(reason: string): void {
    if (!this.#isActing) return;
    this.#isActing = false;
    this.#handlers.lost(reason);
  }

  async #release(): Promise<void> {
    const term = this.#term;
    this.#term = undefined;
    if (term) await this.#revoke(term.lease);
  }

  /** Ends a lease with the lead. The next daemon would wait for the lease's own end otherwise. */
  async #revoke(lease: string): Promise<void> {
    const end = later(now(), RELEASE_MS);
    const isLate = (error: unknown) => isAway(error) && !wasNotSent(error);
    while (await this.#etcd.revoke(lease).then(() => false, isLate)) {
      if (isPast(end)) return;
      await this.#sleep(RETRY_MS);
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const leaderForm = lazily(() => {
  const text = zod().string();
  return zod().object({ daemon: text, addresses: zod().array(text), since: text.catch(""), attempt: text.catch("") });
});

/** Returns what a leader's key says, or undefined if a daemon did not write it. */
export function parseLeader(text: string): LeaderRecord | undefined {
  try {
    return leaderForm().safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function leaseIn(text: string): string | undefined {
  try {
    const { lease } = JSON.parse(text);
    return typeof lease === "string" && /^-?\d+$/.test(lease) ? lease : undefined;
  } catch {
    return undefined;
  }
}
