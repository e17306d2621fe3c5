// The life of one punt of a CNF: asks for it until the manager has it, follows it, and asks again when the manager has forgotten it.
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { PuntError } from "../errors.js";
import { idKey, isMade, type PuntId, type PuntRequestInput, type PuntStatus, type WatchEvent } from "../punt/index.js";
import type { Backing } from "./backing.js";
import { isOf } from "./request.js";

/**
 * Errors that pass by themselves: the daemon, its etcd or VPP is away, another daemon takes over, or the session has ended, and this program
 * has not heard of it yet.
 */
const PASSING = new Set([
  ...["ERR_DISCONNECTED", "ERR_CLOSED", "ERR_UNRESOLVED", "ERR_DAEMON", "ETIMEDOUT", "ECANCELED"],
  ...["ERR_ETCD_AWAY", "ERR_ETCD_HISTORY", "ERR_NOT_LEADER", "ERR_CHANGED_ELSEWHERE", "ERR_NO_SUCH_SESSION"],
]);
/**
 * Errors of the daemon's disk, and of a process or a machine that is short of descriptors or memory. Once `begin` has resolved, the request is
 * repeated after them, too: the program cannot repeat it.
 */
const SHORTAGE = new Set(["ENOSPC", "EDQUOT", "EIO", "EROFS", "EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "ETOOMANYREFS"]);
const PAUSE_MS = 100;

export interface LifeHooks {
  /** The manager said something of the punt. */
  onStatus(status: PuntStatus, isNew: boolean): void;
  /** The daemon is away because of `cause`, or is there again. */
  onAway(cause: PuntError | undefined): void;
  /** Nothing more will be tried. */
  onFatal(error: PuntError): void;
}

export class PuntLife {
  readonly #backing: Backing;
  readonly #request: PuntRequestInput;
  readonly #id: PuntId;
  readonly #hooks: LifeHooks;
  readonly #ending = new AbortController();
  #asking: Promise<void> | undefined;
  /** How often the session had been lost when the manager took the request. */
  #lossesWhenTaken = 0;
  /** The request in full; undefined until it is complete. */
  #asked: PuntRequestInput | undefined;
  /** Whether an attempt to ask for the first time is under way. */
  #isFirst = true;
  #isTaken = false;
  /** Whether the manager has taken the request, or was away. */
  #isBegun = false;
  /** The punt when it was last in VPP. */
  #made: PuntStatus | undefined;
  /** The punt as it was before this program's request: it may be another, after an upgrade, or end with the session of an earlier program. */
  #earlier: PuntStatus | undefined;
  #accepted!: () => void;
  #refused!: (error: PuntError) => void;

  constructor(backing: Backing, request: PuntRequestInput, id: PuntId, hooks: LifeHooks) {
    this.#backing = backing;
    this.#request = request;
    this.#id = id;
    this.#hooks = hooks;
    backing.replaced.catch((error) => this.#fail(error));
    backing.session?.onReopened(() => {
      if (!this.#ending.signal.aborted) void this.#ask();
    });
  }

  /**
   * Resolves when the manager has taken the request, or is known to be away.
   *
   * @throws PuntError why the request cannot be taken: ERR_INVALID_REQUEST, ERR_CONFLICT, ERR_POLICY...
   */
  async begin(): Promise<void> {
    const settled = new Promise<void>((resolve, reject) => {
      this.#accepted = () => {
        this.#isBegun = true;
        resolve();
      };
      this.#refused = reject;
    });
    void this.#follow();
    void this.#ask();
    await settled;
  }

  end(): void {
    this.#ending.abort();
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#askUntilTaken().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askUntilTaken(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        return this.#taken(await this.#addOrChange());
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof PuntError))
          return this.#fail(new PuntError("cnf.open", "ERR_INTERNAL", String(error), {}, error));
        // VPP refuses something of it: the manager tries again, and the status says why.
        if (error.op === "punt.reconcile") return this.#taken(this.#earlier);
        this.#settleFor(this.#earlier);
        if (!this.#passes(error)) return this.#fail(error);
        this.#accepted();
      }
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** The manager has taken the request. */
  #taken(status: PuntStatus | undefined): void {
    this.#lossesWhenTaken = this.#backing.session?.losses ?? 0;
    this.#isTaken = true;
    this.#settleFor(status);
    this.#accepted();
  }

  #passes({ code }: PuntError): boolean {
    return PASSING.has(code) || (this.#isBegun && SHORTAGE.has(code));
  }

  /**
   * A program that comes back with another request, as after an upgrade, changes its punt. A set does that, also where the punt is
   * deleted at the same moment.
   */
  async #addOrChange(): Promise<PuntStatus> {
    const { punts } = this.#backing;
    const request = (await this.#backing.complete?.(this.#request)) ?? this.#request;
    this.#asked = request;
    this.#isFirst = !this.#isTaken;
    try {
      return await punts.add(request);
    } catch (error) {
      if ((error as PuntError).code !== "ERR_PUNT_EXISTS") throw error;
      const set = { cnf: this.#id.cnf, punts: [request] };
      const { added, updated, unchanged, failed } = await punts.apply(set, { keep: true });
      if (failed[0]) throw failed[0].error;
      return [...added, ...updated, ...unchanged][0]!;
    }
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        const events = this.#backing.follow({ cnf: this.#id.cnf, signal }, (cause) => this.#hooks.onAway(cause));
        for await (const event of events) {
          if (signal.aborted) return;
          this.#hooks.onAway(undefined);
          this.#take(event);
        }
      } catch (error) {
        if (signal.aborted) return;
        // A watcher that read too slowly, as after a long stop of this process, begins again.
        const { code } = error as PuntError;
        if (!PASSING.has(code) && code !== "ERR_SLOW_WATCHER") return this.#fail(error as PuntError);
        this.#hooks.onAway(error as PuntError);
      }
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  }

  #take(event: WatchEvent): void {
    if (event.kind === "snapshot") {
      const found = event.punts.find(({ id }) => idKey(id) === idKey(this.#id));
      if (found && !this.#isUnseen(found)) this.#seen(found, true);
      // The punt of a session may be gone from VPP.
      if (!found && this.#backing.session) this.#made = undefined;
      if (found && event.resync) void this.#completeAgain();
      // A manager that lost its store has forgotten the punt; this program has not.
      else void this.#ask();
    } else if (event.kind === "change" && idKey(event.event.id) === idKey(this.#id)) {
      const { to, status } = event.event;
      if (to === "DELETED") {
        this.#made = undefined;
        void this.#checkDeleted();
      } else if (!this.#isUnseen(status)) this.#seen(status, isMade(to));
    }
  }

  /** A manager that has started, and has not looked at VPP yet, says INIT. The punt that was there stays ready until the look. */
  #isUnseen({ state, request }: PuntStatus): boolean {
    return state === "INIT" && this.#made !== undefined && isDeepStrictEqual(request, this.#made.request);
  }

  /** A daemon in a container that was replaced has lost the network namespace that this program handed over. */
  async #completeAgain(): Promise<void> {
    const { complete, punts } = this.#backing;
    const request = await complete?.(this.#request).catch(() => undefined);
    if (request === undefined || request === this.#request || this.#ending.signal.aborted) return;
    // The manager looks again. A punt that an operator has changed stays as it is. So does a refused punt: its status says why.
    await punts.add(request).catch(() => {});
  }

  /** Tells of a punt that is seen before the manager's first answer whether it is this program's. One in a session may end with an earlier program. */
  #isOwn(status: PuntStatus): boolean {
    return this.#backing.session === undefined && this.#asked !== undefined && isOf(this.#asked, status);
  }

  /** The first attempt has ended. A status that was held back gives way to `status`. */
  #settleFor(status: PuntStatus | undefined): void {
    const isHeld = this.#earlier !== undefined;
    this.#isFirst = false;
    this.#earlier = undefined;
    if (isHeld && status) this.#seen(status, true);
  }

  #seen(status: PuntStatus, isNew: boolean): void {
    if (this.#isFirst && !this.#isOwn(status)) {
      this.#earlier = status;
      return;
    }
    this.#earlier = undefined;
    this.#made = isMade(status.state) ? status : undefined;
    this.#accepted();
    this.#hooks.onStatus(status, isNew);
  }

  /**
   * An update deletes the punt and makes it again, while an operator's delete is final. The manager also deletes the punt of a session that
   * was lost for too long; this program asks for it again once the session is open.
   */
  async #checkDeleted(): Promise<void> {
    for (;;) {
      await this.#asking?.catch(() => {});
      if ((this.#backing.session?.losses ?? 0) !== this.#lossesWhenTaken) return;
      const { signal } = this.#ending;
      const found = await this.#look();
      if (signal.aborted) return;
      if (found === undefined) break;
      if (found !== "unknown") return;
      // The manager is away. If it comes back with all of its events, it gives no snapshot, and says nothing more of the punt.
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
    }
    this.#fail(
      new PuntError("cnf.watch", "ERR_DELETED", "the punt was deleted, and not by this program", { id: this.#id }),
    );
  }

  async #look(): Promise<PuntStatus | "unknown" | undefined> {
    try {
      return await this.#backing.punts.get(this.#id);
    } catch {
      return "unknown";
    }
  }

  #fail(error: PuntError): void {
    if (this.#ending.signal.aborted) return;
    this.end();
    this.#hooks.onFatal(error);
    this.#refused(error);
  }
}
