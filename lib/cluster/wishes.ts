// Passes the wishes in etcd to the manager of the daemon that acts.
import type { PuntError } from "../errors.js";
import {
  isSameRequest,
  type PuntFailure,
  type PuntId,
  type PuntManager,
  type PuntRequest,
  type PuntStatus,
} from "../punt/index.js";
import { IN_ETCD } from "./answers.js";
import type { AskedChange } from "./cluster-options.js";
import type { Entry, Mirror } from "./etcd/index.js";
import type { Changes } from "./forwarded.js";
import type { Keys } from "./keys.js";
import { content, idIn, isWishOf, parseWish } from "./records.js";
import { bareStatus, refusal, refusedStatus, type StatusWriter } from "./status.js";

/** Wishes that the manager works on at the same time. */
const WINDOW = 64;
/** Milliseconds after which refused wishes are tried again, because the conflict may be over. */
const RETRY_MS = 5_000;
/** How long a wish may keep others waiting. The manager continues with it after that. */
const PATIENCE = { timeout: 5_000 };

export interface WishesOptions {
  readonly manager: PuntManager;
  /** Makes the changes of the manager that other programs' wishes ask for. */
  readonly changes: Changes;
  readonly mirror: Mirror;
  readonly keys: Keys;
  readonly statuses: StatusWriter;
  /** The status that etcd is to have for one of the manager. */
  shown(status: PuntStatus): PuntStatus;
  /** Takes a wish that another program wrote or removed, and the outcome. */
  asked(change: AskedChange): void;
  /** Called when a wish cannot be read, or is refused. */
  problem(error: PuntError): void;
  isGood(): boolean;
  /** Whether this daemon's own manager writes or removes a wish now. */
  isOwn(key: string): boolean;
  /** Makes a change that a wish asks for, or the end of a wish. */
  following<T>(key: string, request: PuntRequest | undefined, change: () => Promise<T>): Promise<T>;
}

/** A wish that cannot be read, or that the manager has refused. */
interface Refused {
  /** Of the wish in etcd. */
  readonly revision: number;
  readonly failure: PuntFailure;
}

/**
 * Follows the wishes: adds a punt for a new wish, updates a punt whose wish has changed, and deletes a punt whose wish is gone. A wish
 * that cannot be read, or that is refused, changes nothing: the punt of the wish before stays.
 */
export class Wishes {
  readonly #options: WishesOptions;
  readonly #folder: string;
  readonly #pending = new Set<string>();
  readonly #refused = new Map<string, Refused>();
  readonly #running = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #closed = false;

  constructor(options: WishesOptions) {
    this.#options = options;
    this.#folder = options.keys.folder("wanted");
    this.#timer = setInterval(() => this.#retry(), RETRY_MS).unref();
  }

  /** Compares all wishes with all punts. Called at the beginning of a term, and after a snapshot. */
  lookAtAll(): void {
    const { mirror, manager, keys } = this.#options;
    for (const { key } of mirror.below(this.#folder)) this.#pending.add(key);
    for (const { id } of manager.list()) this.#pending.add(keys.punt("wanted", id));
    this.#work();
  }

  /** Takes a key that has changed. */
  look(key: string): void {
    if (!key.startsWith(this.#folder)) return;
    this.#pending.add(key);
    this.#work();
  }

  /** Tells etcd the status of a punt, and which wish it answers. A wish that is refused is FAILED, whatever VPP has for the one before. */
  tell(status: PuntStatus): void {
    const { mirror, keys, statuses, shown } = this.#options;
    const key = keys.punt("wanted", status.id);
    const entry = mirror.get(key);
    const refused = this.#refused.get(key);
    if (entry && refused?.revision === entry.modified)
      statuses.put(refusedStatus(shown(status), refused.failure), entry.modified, true);
    else statuses.put(shown(status), isWishOf(entry, status.request) ? entry!.modified : 0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await Promise.all(this.#running);
  }

  #retry(): void {
    for (const key of this.#refused.keys()) this.#pending.add(key);
    this.#work();
  }

  #work(): void {
    for (const key of this.#pending) {
      if (this.#closed || this.#running.size >= WINDOW) return;
      this.#pending.delete(key);
      const task = this.#take(key).finally(() => {
        this.#running.delete(task);
        this.#work();
      });
      this.#running.add(task);
    }
  }

  async #take(key: string): Promise<void> {
    const id = idIn(key, this.#folder);
    if (id === undefined) return this.#refuse(key, undefined, contentError(key));
    const { mirror, manager, following } = this.#options;
    const entry = mirror.get(key);
    const has = manager.get(id)?.request;
    try {
      if (entry) await this.#grant(entry, id, has);
      else if (has) {
        const end = () => following(key, undefined, () => this.#changesOf(key).delete(id));
        await this.#recorded(key, id, { by: "unknown", call: "delete" }, end);
      }
      this.#accepted(key, id);
    } catch (error) {
      this.#failed(key, id, entry, error as PuntError);
    }
    // A look at a later wish may have come before this change.
    if (mirror.get(key)?.modified !== entry?.modified) this.#pending.add(key);
  }

  async #grant(entry: Entry, id: PuntId, has: PuntRequest | undefined): Promise<void> {
    const { following } = this.#options;
    const { request, by } = parseWish(entry, id);
    if (has && isSameRequest(has, request)) return;
    const { key } = entry;
    const call = has ? "update" : "add";
    const grant = () => following(key, request, () => this.#changesOf(key)[call](request, PATIENCE));
    await this.#recorded(key, id, { by, call }, grant);
  }

  /** A wish of the manager's own may be seen before the manager has its punt: the change under way is the same one. */
  #changesOf(key: string): Changes {
    const { manager, changes, isOwn } = this.#options;
    return isOwn(key) ? manager : changes;
  }

  /** Reports the outcome of another program's wish. */
  async #recorded(
    key: string,
    id: PuntId,
    what: Pick<AskedChange, "by" | "call">,
    change: () => Promise<unknown>,
  ): Promise<void> {
    const { mirror, isOwn: isWriting, asked } = this.#options;
    const isOwn = isWriting(key);
    const isAgain = this.#refused.get(key)?.revision === (mirror.get(key)?.modified ?? 0);
    const about = { ...what, through: IN_ETCD, punts: [id] };
    try {
      await change();
      if (!isOwn) asked(about);
    } catch (error) {
      if (!isOwn && !isAgain && !this.#closed) asked({ ...about, error: error as PuntError });
      throw error;
    }
  }

  #failed(key: string, id: PuntId, entry: Entry | undefined, error: PuntError): void {
    const { manager, isGood } = this.#options;
    if (this.#closed || !isGood()) return;
    // If VPP refuses it, the manager has the punt: it reports the failure and tries again.
    const request = manager.get(id)?.request;
    const isTaken = request !== undefined && isWishOf(entry, request);
    if (isTaken || error.code === "ERR_NO_SUCH_PUNT") this.#accepted(key, id);
    else this.#refuse(key, id, error);
  }

  /** Also tells that the status answers a wish that says the same as before, at a revision of its own. */
  #accepted(key: string, id: PuntId): void {
    const { manager, statuses } = this.#options;
    const wasRefused = this.#refused.delete(key);
    const status = manager.get(id);
    if (status) this.tell(status);
    else if (wasRefused) statuses.delete(id);
  }

  #refuse(key: string, id: PuntId | undefined, error: PuntError): void {
    const { mirror, manager, statuses, problem } = this.#options;
    const revision = mirror.get(key)?.modified ?? 0;
    if (this.#refused.get(key)?.revision === revision) return;
    const failure = refusal(error);
    this.#refused.set(key, { revision, failure });
    problem(error);
    if (id === undefined) return;
    const status = manager.get(id);
    if (status) this.tell(status);
    else statuses.put(refusedStatus(bareStatus(id, undefined), failure), revision, true);
  }

  /** Resolves when the manager has taken or refused the wishes that it works on now. */
  async taken(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Returns whether a wish is refused now. */
  isRefused(id: PuntId): boolean {
    return this.#refused.has(this.#options.keys.punt("wanted", id));
  }
}

function contentError(key: string): PuntError {
  return content(key, "is not the name of a punt");
}
