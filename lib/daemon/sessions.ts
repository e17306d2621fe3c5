// Punts that end with a program: a session is the program's open stream and a grace period after it.
import { randomUUID } from "node:crypto";
import { PuntError } from "../errors.js";
import { idKey, type PuntId, RETURN_TIME_MS } from "../punt/index.js";
import type { SessionMemory, StoredSession } from "./session-memory.js";

/** Milliseconds until a deletion or a write is tried again that has failed: the disk is full, or etcd is away. */
const RETRY_MS = 1_000;

/** Sessions without a stream and without punts that are kept. A program that comes back with its session's id has it again all the same. */
const MOST_IDLE = 1_000;

/** Milliseconds that programs have to come to a daemon that takes over. They find out after 15 s that the daemon before it is stopped. */
const TAKEOVER_MS = 20_000;

interface Session {
  readonly id: string;
  readonly cnf: string;
  graceMs: number;
  readonly punts: Map<string, PuntId>;
  /** Ends the open stream. */
  end: ((error: PuntError) => void) | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** The session that a punt is in. */
export interface Binding {
  readonly session: Session;
  readonly moment: number;
}

/** The calls that ask for one punt. */
interface Asks {
  calls: number;
  /** The turn of the latest of them. */
  last: number;
}

export interface SessionsOptions {
  /** Keeps sessions beyond the daemon's life; undefined: they end with it. */
  readonly memory: SessionMemory | undefined;
  /** Deletes a punt whose session has ended. */
  delete(id: PuntId): Promise<void>;
  /** A session's punts could not be deleted, or the file not be written. */
  problem(error: unknown): void;
  /** The error while another daemon has the sessions: from the beginning and after `handOver` until `load`. Left out: none ever has. */
  readonly elsewhere?: () => PuntError;
}

/** The sessions of all CNFs: at most one open stream for each CNF. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<string, Session>();
  /** Sessions that had neither a stream nor punts when their streams ended, the oldest first. */
  readonly #idle = new Set<Session>();
  /** Of each punt that is in a session. */
  readonly #byPunt = new Map<string, Binding>();
  /** How often a punt was bound. */
  #moment = 0;
  /** The calls that ask for a punt now, by key. */
  readonly #asks = new Map<string, Asks>();
  /** How many calls have asked for punts. */
  #turn = 0;
  /** Punts of sessions that end, which could not be deleted, by key. */
  readonly #left = new Set<Map<string, PuntId>>();
  /** Deletions under way, by the punt's key. */
  readonly #ending = new Map<string, Promise<void>>();
  #saving: Promise<void> = Promise.resolve();
  #isSaveDue = false;
  #closed = false;
  #handOvers = 0;
  /** Whether the sessions of an earlier daemon are not known yet. Nothing is saved over them. */
  #isUnread = false;
  #isSaveMissed = false;
  #isElsewhere: boolean;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#isElsewhere = options.elsewhere !== undefined;
  }

  /**
   * Takes up the sessions of an earlier daemon: their programs have the grace period to come back.
   *
   * @throws PuntError of the memory, which stays as it is
   */
  async load(): Promise<void> {
    const handOvers = this.#handOvers;
    this.#isUnread = true;
    const stored = await this.#options.memory?.load();
    // Another daemon may have them by now.
    if (handOvers !== this.#handOvers) return;
    this.#isUnread = false;
    this.#isElsewhere = false;
    for (const { id, cnf, graceMs, punts } of stored ?? []) {
      // The known session is newer.
      if (this.#sessions.has(id)) continue;
      const session = newSession(id, cnf, graceMs);
      for (const punt of punts) if (!this.#byPunt.has(idKey(punt))) this.#put(session, punt);
      this.#sessions.set(id, session);
      this.#expireLater(session, Math.max(graceMs, this.#options.elsewhere ? TAKEOVER_MS : RETURN_TIME_MS));
    }
    if (this.#isSaveMissed) this.#save();
  }

  /** Takes up the sessions of an earlier daemon, before a change of the daemon that acts which may come first. A memory that cannot be read does not hold the change up. */
  async takeUp(): Promise<void> {
    if (this.#isElsewhere) await this.load().catch(() => {});
  }

  /** Takes up the sessions of an earlier daemon if they could not be read before. @throws PuntError of the memory */
  async ready(): Promise<void> {
    if (this.#isUnread) await this.load();
  }

  /**
   * Opens the stream of a session, an earlier one or a new one. A stream that the CNF had open ends with ERR_REPLACED.
   *
   * @returns the session's id, and how the stream ends: rejects when it is replaced or the daemon closes
   * @throws PuntError ERR_NO_SUCH_SESSION: the id is another CNF's; ERR_NOT_LEADER
   */
  open(cnf: string, graceMs: number, id: string): { id: string; ended: Promise<never>; close(): void } {
    if (this.#isElsewhere) throw this.#options.elsewhere!();
    const known = this.#sessions.get(id);
    if (known && known.cnf !== cnf) throw noSession(id);
    const error = new PuntError("punt.session", "ERR_REPLACED", `another program opened a session of CNF ${cnf}`, {
      cnf,
    });
    for (const other of this.#sessions.values()) {
      if (other.cnf !== cnf) continue;
      other.end?.(error);
      // Nothing of it is left to keep.
      if (other !== known && other.punts.size === 0) this.#forget(other);
    }
    const session = known ?? newSession(id === "" ? randomUUID() : id, cnf, graceMs);
    session.graceMs = graceMs;
    clearTimeout(session.timer);
    this.#idle.delete(session);
    this.#sessions.set(session.id, session);
    const ended = new Promise<never>((_resolve, reject) => {
      session.end = reject;
    });
    const { end } = session;
    return { id: session.id, ended, close: () => this.#ended(session, end) };
  }

  /** Binds a punt to a session. @returns the session before, for `putBack` @throws PuntError ERR_NO_SUCH_SESSION */
  bind(id: string, punt: PuntId): Binding | undefined {
    const session = this.#sessions.get(id);
    if (session?.cnf !== punt.cnf) throw noSession(id);
    const before = this.unbind(punt);
    this.#put(session, punt);
    this.#save();
    return before;
  }

  #put(session: Session, punt: PuntId, moment = ++this.#moment): void {
    session.punts.set(idKey(punt), punt);
    this.#byPunt.set(idKey(punt), { session, moment });
  }

  /** A moment for `unbind`: that of the last `bind`. */
  get moment(): number {
    return this.#moment;
  }

  /**
   * Takes a punt out of every session: it is deleted, or stays for good. A punt that was bound after `moment` is in use again, and stays.
   *
   * @returns the session before, for `putBack`
   */
  unbind(punt: PuntId, moment = this.#moment): Binding | undefined {
    for (const left of this.#left) left.delete(idKey(punt));
    const binding = this.#byPunt.get(idKey(punt));
    if (!binding || binding.moment > moment) return undefined;
    binding.session.punts.delete(idKey(punt));
    this.#byPunt.delete(idKey(punt));
    this.#save();
    return binding;
  }

  /** Takes back what `bind` or `unbind` did for the call of this turn, which was refused. A later call that asks for the punt puts it itself. */
  async putBack(punt: PuntId, before: Binding | undefined, turn: number): Promise<void> {
    if (this.#asks.get(idKey(punt))!.last > turn) return;
    this.unbind(punt);
    if (before === undefined) return;
    const { session } = before;
    if (this.#sessions.get(session.id) !== session) return this.orphaned(punt, turn);
    this.#put(session, punt);
    this.#save();
  }

  /**
   * Asks for punts, once none of them is being deleted for an earlier session of the same program. If the session ends during the call, the
   * punts are deleted again later: the manager may not have had them at the first attempt.
   *
   * @param ask gets the call's turn, for `orphaned`
   */
  async asking<T>(punts: readonly PuntId[], ask: (turn: number) => Promise<T>): Promise<T> {
    const keys = punts.map(idKey);
    const turn = ++this.#turn;
    for (const key of keys) this.#asks.set(key, { calls: this.#callsFor(key) + 1, last: turn });
    try {
      await Promise.all(keys.map((key) => this.#ending.get(key)));
      return await ask(turn);
    } finally {
      for (const key of keys) {
        const asks = this.#asks.get(key)!;
        asks.calls--;
        if (asks.calls === 0) this.#asks.delete(key);
      }
    }
  }

  #callsFor(key: string): number {
    return this.#asks.get(key)?.calls ?? 0;
  }

  /**
   * Deletes a punt that the call of this turn was given after its session had ended. A later call, as of the program's next process, may
   * have it, or may get it yet: then it stays.
   */
  async orphaned(punt: PuntId, turn: number): Promise<void> {
    const key = idKey(punt);
    const isAnothers = this.#callsFor(key) === 1 && this.#asks.get(key)!.last > turn;
    if (isAnothers || this.#byPunt.has(key)) return;
    const session = newSession(randomUUID(), punt.cnf, 0);
    session.punts.set(key, punt);
    await this.#expire(session, { isAgain: true, ownCalls: 1 });
  }

  /** Deletes a punt for a caller. It stays in its session until then, and for as long as a call under way may create it. */
  async deleting(punt: PuntId, remove: () => Promise<void>): Promise<void> {
    const moment = this.#moment;
    const gone = () => {
      if (!this.#asks.has(idKey(punt))) this.unbind(punt, moment);
    };
    try {
      await remove();
    } catch (error) {
      if (!isThereStill(error as PuntError)) gone();
      throw error;
    }
    gone();
  }

  /** Resolves when the sessions of this moment are kept, or could not be. @throws PuntError: another daemon has them, perhaps as they were before */
  async saved(): Promise<void> {
    const handOvers = this.#handOvers;
    await this.#saving;
    if (handOvers !== this.#handOvers) throw this.#options.elsewhere!();
  }

  /** Forgets all sessions, which another daemon has from now on: nothing is deleted here. */
  handOver(error: PuntError): void {
    this.#handOvers++;
    this.#isUnread = false;
    this.#isSaveMissed = false;
    this.#isElsewhere = true;
    for (const { end, timer } of this.#sessions.values()) {
      clearTimeout(timer);
      end?.(error);
    }
    this.#sessions.clear();
    this.#idle.clear();
    this.#byPunt.clear();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const error = new PuntError("punt.session", "ERR_CLOSED", "the daemon is stopping");
    for (const { end, timer } of this.#sessions.values()) {
      clearTimeout(timer);
      end?.(error);
    }
    await this.#saving;
  }

  #forget(session: Session): void {
    clearTimeout(session.timer);
    this.#idle.delete(session);
    this.#sessions.delete(session.id);
  }

  #ended(session: Session, end: Session["end"]): void {
    // A newer stream of the same session may be open already.
    if (session.end !== end) return;
    session.end = undefined;
    if (this.#sessions.get(session.id) !== session) return;
    this.#expireLater(session);
    if (session.punts.size === 0) this.#rest(session);
  }

  #rest(session: Session): void {
    this.#idle.add(session);
    if (this.#idle.size <= MOST_IDLE) return;
    const oldest = this.#idle.values().next().value!;
    this.#idle.delete(oldest);
    if (oldest.end === undefined && oldest.punts.size === 0) this.#forget(oldest);
  }

  /** A daemon that stops ends no session: its next life has them. */
  #expireLater(session: Session, wait = session.graceMs, isAgain = false): void {
    if (this.#closed) return;
    session.timer = setTimeout(() => void this.#expire(session, { isAgain }), wait).unref();
  }

  /**
   * @param isAgain whether the session has ended before, and these punts were left. A punt that a call asks for now may be another program's
   * @param ownCalls how many calls for each punt are the session's own
   */
  async #expire(session: Session, { isAgain = false, ownCalls = 0 } = {}): Promise<void> {
    const handOvers = this.#handOvers;
    this.#sessions.delete(session.id);
    this.#idle.delete(session);
    for (const key of session.punts.keys()) this.#byPunt.delete(key);
    const left = new Map([...session.punts].filter(([key]) => isAgain && this.#callsFor(key) > ownCalls));
    this.#left.add(left);
    const due = [...session.punts].filter(([key]) => !left.has(key));
    // All at once: each deletion by itself costs a look at VPP.
    const deletions = due.map(([key, punt]) => {
      const deletion = this.#options.delete(punt).catch((error) => {
        if (isThereStill(error) || this.#callsFor(key) > ownCalls) left.set(key, punt);
        this.#options.problem(error);
      });
      this.#ending.set(key, deletion);
      return deletion.finally(() => this.#ending.delete(key));
    });
    await Promise.all(deletions);
    this.#left.delete(left);
    // Another daemon has the sessions.
    if (handOvers !== this.#handOvers) return;
    this.#expireAgain(session, [...left.values()]);
    this.#save();
  }

  /** The store did not take the deletion of some punts. A program that comes back before the next try keeps them. */
  #expireAgain({ id, cnf, graceMs }: Session, left: readonly PuntId[]): void {
    const unbound = left.filter((punt) => !this.#byPunt.has(idKey(punt)));
    if (unbound.length === 0) return;
    const known = this.#sessions.get(id);
    const session = known ?? newSession(id, cnf, graceMs);
    // A call that is under way puts them into its own session.
    for (const punt of unbound) this.#put(session, punt, 0);
    if (known) return;
    this.#sessions.set(id, session);
    this.#expireLater(session, RETRY_MS, true);
  }

  #save(): void {
    const { memory, problem } = this.#options;
    this.#isSaveMissed = this.#isUnread;
    if (memory === undefined || this.#isSaveDue || this.#isUnread) return;
    // Changes that come before the next write begins are in that write.
    this.#isSaveDue = true;
    const handOvers = this.#handOvers;
    const again = () => {
      if (!this.#closed && handOvers === this.#handOvers) this.#save();
    };
    this.#saving = this.#saving
      .then(() => this.#write(memory))
      .catch((error) => {
        problem(error);
        setTimeout(again, RETRY_MS).unref();
      });
  }

  async #write(memory: SessionMemory): Promise<void> {
    this.#isSaveDue = false;
    const stored: StoredSession[] = [...this.#sessions.values()]
      .filter(({ punts }) => punts.size > 0)
      .map(({ id, cnf, graceMs, punts }) => ({ id, cnf, graceMs, punts: [...punts.values()] }));
    await memory.save(stored);
  }
}

function newSession(id: string, cnf: string, graceMs: number): Session {
  return { id, cnf, graceMs, punts: new Map(), end: undefined, timer: undefined };
}

/** Whether a deletion that failed has left the punt. The manager itself tries steps again that VPP refuses. */
function isThereStill({ op, code }: PuntError): boolean {
  return op !== "punt.reconcile" && code !== "ERR_NO_SUCH_PUNT";
}

function noSession(id: string): PuntError {
  return new PuntError("punt.session", "ERR_NO_SUCH_SESSION", `the CNF has no session ${id}`, { session: id });
}
