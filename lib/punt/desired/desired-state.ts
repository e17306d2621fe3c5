// Owns the desired state: punts, their interconnects and namespaces, the memory of things that VPP does not report, and each punt's state.
import { CallOrder } from "../../call-order.js";
import { PuntError } from "../../errors.js";
import type { Host } from "../../host/index.js";
import type { Found, Marks } from "../interconnect/index.js";
import { type Facts, hiddenBy, isNoteOfVpp, type Note, OLD_CLAIM } from "../items/index.js";
import type { Wanted } from "../plan/index.js";
import type { PuntFilter } from "../punts.js";
import type { Failure, Ledger, Reconciled } from "../reconcile/index.js";
import { idKey, idText, isSameRequest, type PuntId, type PuntRequest } from "../request/index.js";
import type { PuntStatus } from "../state.js";
import { type ManagerIdentity, Saver, type Store, type StoredState, type Write } from "../store/index.js";
import { Pairs } from "../types/index.js";
import { ChangeLog } from "./change-log.js";
import { Draft, NOTHING, type StoredWanted } from "./draft.js";
import { Entry, type Situation } from "./entry.js";
import { failedStep, failureKey, noteOf } from "./failure-notes.js";
import { FirstLook } from "./first-look.js";
import { otherNames } from "./interface-names.js";
import { failedAtVpp, judge, judgeLeaving, unfinished } from "./judge.js";
import { hasInterconnects, learnItems, withEntries } from "./leaving.js";
import { Memory } from "./memory.js";
import { PuntSpans } from "./spans.js";
import { statusOf } from "./status.js";

/** A change of the desired state that is not in the store yet. */
interface Change {
  readonly commit: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Holds the desired state. A change is made in the draft at once, so that the next change sees it, and takes effect when the store has
 * it. If the store refuses a write with changes, all changes that are not in the store are undone and rejected: each builds on the ones
 * before. A refused write of claims and notes alone undoes none.
 */
export class DesiredState implements Ledger {
  readonly log = new ChangeLog();
  readonly #manager: ManagerIdentity;
  readonly #host: Host;
  readonly #marks: Marks;
  readonly #saver: Saver;
  readonly #entries = new Map<string, Entry>();
  #memory = new Memory();
  #draft: Draft;
  #wanted: Wanted;
  #changes: Change[] = [];
  /** The last change of each punt with a change under way. */
  readonly #underWay = new Map<string, Promise<Entry>>();
  #facts: Facts | undefined;
  readonly firstLook = new FirstLook();
  readonly spans = new PuntSpans();
  /** The order of changes, by CNF. */
  readonly order = new CallOrder();
  #items: ReadonlyMap<string, object> = new Map();
  #pairs: { readonly wanted: Wanted; readonly facts: Facts | undefined; readonly pairs: Pairs } | undefined;

  constructor(host: Host, marks: Marks, store: Store, manager: ManagerIdentity) {
    this.#manager = manager;
    this.#host = host;
    this.#marks = marks;
    this.#saver = new Saver(store, () => this.#beginWrite());
    this.#draft = this.#newDraft(NOTHING);
    this.#wanted = this.#draft.freeze();
    this.log.listen((event) => this.spans.follow(event));
  }

  /** Takes the state of the store: at the start, and again if another process writes the store. */
  restore(state: StoredState): void {
    const draft = this.#newDraft(state);
    this.#draft = draft;
    this.#wanted = draft.freeze();
    this.#memory = new Memory(state.claims, state.notes);
    const keys = new Set(this.#wanted.punts.map(idKey));
    for (const entry of this.#entries.values())
      if (!keys.has(entry.key)) this.gone(entry, "another process deleted it");
    for (const request of this.#wanted.punts) this.#retake(request);
  }

  #retake(request: PuntRequest): void {
    const entry = this.#entries.get(idKey(request));
    if (!entry) this.#admit(request);
    else if (!isSameRequest(entry.request, request)) this.#revised(entry, request);
  }

  get wanted(): Wanted {
    return this.#wanted;
  }

  /** The desired state with the punts that leave and were never planned, as after a restart; undefined if there is none. */
  get leaving(): Wanted | undefined {
    const unplanned = this.#unplanned();
    return unplanned.length === 0 ? undefined : withEntries(this.#wanted, unplanned);
  }

  #unplanned(): Entry[] {
    return [...this.#entries.values()].filter(({ leaving, items }) => leaving && items === undefined);
  }

  get memory(): Memory {
    return this.#memory;
  }

  /** Returns the request of a punt that is wanted, changes under way included. */
  request(id: PuntId): PuntRequest | undefined {
    return this.#draft.get(idKey(id));
  }

  /** Returns the punts of one CNF that are wanted, changes under way included. */
  wantedOf(cnf: string): PuntRequest[] {
    return this.#draft.of(cnf);
  }

  /** Returns the ids of one CNF's punts that are listed and not wanted any more. */
  leavingOf(cnf: string): PuntId[] {
    const own = [...this.#entries.values()].filter(({ id }) => id.cnf === cnf);
    return own.filter(({ id }) => !this.request(id)).map(({ id }) => id);
  }

  /** Finds the namespace of a request. The first look at VPP comes before it: it tells which names one interface has. */
  async find(request: PuntRequest): Promise<Found> {
    if (this.firstLook.done) await this.firstLook.done;
    return this.#draft.find(request);
  }

  /** Returns the punt of that identity after its changes under way are stored. */
  async entry(id: PuntId): Promise<Entry | undefined> {
    return (await this.#underWay.get(idKey(id))) ?? this.#entries.get(idKey(id));
  }

  /**
   * Makes changes in the draft, all or none. They take effect with `admitted`, `revised` and `dismissed`, which are called in the same turn.
   *
   * @throws PuntError what `make` throws: nothing was done
   */
  draft(make: (draft: Draft) => void): void {
    this.#draft.attempt(make, (draft) => {
      this.#draft = draft;
    });
  }

  /**
   * Adds a new punt.
   *
   * @throws PuntError `ERR_CONFLICT`, `ERR_POOL_EXHAUSTED`, or an error of the store: nothing was done
   */
  accept(request: PuntRequest, found: Found): Promise<Entry> {
    this.#draft.add(request, found);
    return this.admitted(request);
  }

  /** Submits a punt that the draft has. @throws PuntError an error of the store: nothing was done */
  admitted(request: PuntRequest): Promise<Entry> {
    return this.#submit(idKey(request), () => this.#admit(request));
  }

  /** Replaces the request of a punt. @throws PuntError as `accept` */
  revise(request: PuntRequest, found: Found): Promise<Entry> {
    this.#draft.update(request, found);
    return this.revised(request);
  }

  /** Submits a request that the draft has in the place of another. @throws PuntError as `admitted` */
  revised(request: PuntRequest): Promise<Entry> {
    return this.#submit(idKey(request), () => this.#revised(this.#entries.get(idKey(request))!, request));
  }

  /** Deletes a punt. It stays listed until nothing of it is left in VPP. @throws PuntError an error of the store: nothing was done */
  dismiss(id: PuntId): Promise<Entry> {
    this.#draft.delete(id);
    return this.dismissed(id);
  }

  /** Submits the end of a punt that is not in the draft any more. @throws PuntError as `admitted` */
  dismissed(id: PuntId): Promise<Entry> {
    return this.#submit(idKey(id), () => this.#leave(this.#entries.get(idKey(id))!));
  }

  #submit(key: string, effect: () => Entry): Promise<Entry> {
    const done = new Promise<Entry>((resolve, reject) => {
      this.#changes.push({ commit: () => resolve(effect()), reject });
    });
    const forget = () => void (this.#underWay.get(key) === done && this.#underWay.delete(key));
    this.#underWay.set(key, done);
    done.then(forget, forget);
    this.#saver.save().catch(() => {});
    return done;
  }

  #beginWrite(): Write {
    const changes = this.#changes.splice(0);
    const wanted = this.#draft.freeze();
    const { version } = this.#memory;
    const { punts, interconnects, namespaces } = wanted;
    return {
      state: {
        manager: this.#manager,
        punts,
        interconnects,
        namespaces: namespaces.filter(({ path }) => path !== ""),
        ...this.#memory.stored(),
      },
      committed: () => {
        this.#wanted = wanted;
        this.#memory.saved(version);
        for (const { commit } of changes) commit();
      },
      failed: (error) => this.#rollBack(changes, error),
    };
  }

  #rollBack(changes: readonly Change[], error: unknown): void {
    if (changes.length === 0) return;
    this.#draft = this.#newDraft(this.#wanted);
    for (const { reject } of [...changes, ...this.#changes.splice(0)]) reject(error);
  }

  #admit(request: PuntRequest): Entry {
    const before = this.#entries.get(idKey(request));
    const entry = new Entry(request, before);
    this.#entries.delete(entry.key);
    this.#entries.set(entry.key, entry);
    before?.abandon(
      new PuntError("punt.delete", "ECANCELED", `punt ${idText(entry.id)} was added again`, { id: entry.id }),
    );
    this.#publish(entry, undefined);
    return entry;
  }

  #revised(entry: Entry, request: PuntRequest): Entry {
    entry.revise(request);
    this.#become(entry, { state: "INIT", cause: "has another request" });
    return entry;
  }

  #leave(entry: Entry): Entry {
    entry.leaving = true;
    // Nothing was made for a punt, or for its last request, that came and went in one write of the store.
    if (!hasInterconnects(entry)) entry.items ??= [];
    return entry;
  }

  /** Marks every punt as waiting for VPP: the connection was lost, or failed for a cause. */
  disconnected(cause?: Error): void {
    this.firstLook.end();
    const text = `a connection to VPP${cause ? ` (${cause.message})` : ""}`;
    const missing = [{ kind: "vpp", name: "vpp", text }] as const;
    for (const entry of [...this.#entries.values()]) {
      if (entry.leaving) this.gone(entry, "out of the store; VPP is away");
      else this.#become(entry, { state: "PENDING", missing, cause: "the connection to VPP is lost" });
    }
  }

  /** Ends the waits of calls while VPP cannot be read: a new punt is PENDING, and a deletion FAILED. Later looks judge both again. */
  unread(error: PuntError): void {
    const { code, message } = error.cause instanceof PuntError ? error.cause : error;
    const missing = [{ kind: "vpp", name: "vpp", text: `a look at VPP that succeeds: ${message}` }] as const;
    for (const entry of this.#entries.values()) {
      const { state, failure } = entry.situation;
      if (entry.leaving) this.#become(entry, failedAtVpp({ code, message }, (failure?.attempts ?? 0) + 1, Date.now()));
      else if (state === "INIT") this.#become(entry, { state: "PENDING", missing, cause: message });
    }
  }

  /** Marks every punt as FAILED: this manager may not change VPP. Calls that wait reject. */
  refused({ code, message }: PuntError, nextTry: number): void {
    for (const entry of this.#entries.values()) {
      const { failure } = entry.situation;
      this.#become(entry, failedAtVpp({ code, message }, failure?.code === code ? failure.attempts : 1, nextTry));
    }
  }

  /** Stores claims on the objects that the next steps create, and forgets notes on the objects that they change. */
  async remember(claims: ReadonlyMap<string, string>, changing: Iterable<string>): Promise<void> {
    for (const [key, claim] of claims) this.#memory.claim(key, claim);
    for (const key of changing) this.#memory.forget(key);
    if (this.#memory.isDirty) await this.#saver.save();
  }

  /** Notes a setting that was applied. The store has it soon; if the process ends earlier, the next one applies the setting again. */
  note(key: string, value: Note): void {
    if (this.#memory.note(key, value)) this.#saver.save().catch(() => {});
  }

  /** Notes why a step failed, for the processes that only look. */
  failed(key: string, failure: Failure): void {
    this.note(failureKey(key), noteOf(failure));
  }

  #forgetSolved({ open }: Reconciled): void {
    for (const key of this.#memory.notes.keys()) {
      const step = failedStep(key);
      if (step !== undefined && !open.has(step)) this.#memory.forget(key);
    }
  }

  /** Judges every punt by what was read and by the steps that are left. */
  settle(result: Reconciled, isActing = true): void {
    const { facts, plan } = result;
    // The draft may make its changes again, with the names of interfaces that they were made with.
    this.#draft.freeze();
    this.#facts = facts;
    this.firstLook.end();
    this.#items = plan.items;
    this.#forgetSolved(result);
    learnItems(this.#unplanned(), result.leaving);
    for (const entry of [...this.#entries.values()]) {
      const punt = plan.punts.get(entry.key);
      if (punt?.state === "ready") entry.planned(punt.items, plan, result.open);
      const situation = entry.leaving
        ? judgeLeaving(entry, result)
        : punt && (judge(entry, punt, result) ?? (isActing ? undefined : unfinished(punt, result, this.#memory.notes)));
      if (situation?.state === "DELETED") this.gone(entry, situation.cause);
      else if (situation) this.#become(entry, situation);
    }
  }

  /** Forgets objects that are known not to exist, and are not wanted. Once nothing comes or goes, also forgets namespaces without a punt that were read. */
  tidy(isDone: boolean): void {
    const facts = this.#facts;
    const mayExist = (key: string) => facts === undefined || facts.seen.has(key) || hiddenBy(key, facts) !== undefined;
    const isKept = (key: string) =>
      mayExist(key) || this.#items.has(key) || isNoteOfVpp(key) || failedStep(key) !== undefined;
    const unread = [...(facts?.unreadableNamespaces.keys() ?? [])];
    this.#memory.keepOnly((key) => isKept(key) || (key === OLD_CLAIM && (!isDone || unread.length > 0)));
    const isQuiet = this.#underWay.size === 0 && ![...this.#entries.values()].some((entry) => entry.leaving);
    if (isDone && isQuiet && this.#draft.dropNamespaces(unread)) this.#wanted = this.#draft.freeze();
  }

  get facts(): Facts | undefined {
    return this.#facts;
  }

  get(id: PuntId): PuntStatus | undefined {
    const entry = this.#entries.get(idKey(id));
    return entry && this.status(entry);
  }

  list({ cnf }: PuntFilter = {}): PuntStatus[] {
    const entries = [...this.#entries.values()].filter(({ id }) => cnf === undefined || id.cnf === cnf);
    return entries.map((entry) => this.status(entry));
  }

  status(entry: Entry): PuntStatus {
    const [marks, wanted, facts] = [this.#marks, this.#wanted, this.#facts];
    return statusOf(entry, { marks, wanted, facts, notes: this.#memory.notes, pairs: this.#pairsNow() });
  }

  /** Pairs hold for one desired state and one look. A punt that is leaving is in the entries only. */
  #pairsNow(): Pairs {
    const [wanted, facts] = [this.#wanted, this.#facts];
    if (this.#pairs?.wanted !== wanted || this.#pairs.facts !== facts) {
      const requestOf = (user: string) => wanted.requestOf(user) ?? this.#entries.get(user)?.request;
      this.#pairs = { wanted, facts, pairs: new Pairs(requestOf, facts) };
    }
    return this.#pairs.pairs;
  }

  /** Returns a draft for trying changes. */
  imagine(): Draft {
    return this.#newDraft(this.#draft.freeze());
  }

  #newDraft(stored: StoredWanted): Draft {
    return new Draft(this.#host, this.#marks, stored, (name) => otherNames(name, this.#facts));
  }

  /** Gives the writes under way a moment to end, and those behind them too. */
  closing(): void {
    this.#saver.giveUpSoon();
  }

  /** Ends every wait for a punt, after the writes under way. */
  async close(error: PuntError): Promise<void> {
    this.firstLook.end();
    await this.#saver.idle();
    for (const entry of this.#entries.values()) entry.abandon(error);
    this.log.close();
  }

  /** Counts the punt as deleted. */
  gone(entry: Entry, cause: string): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
    this.#become(entry, { state: "DELETED", cause });
  }

  #become(entry: Entry, situation: Situation): void {
    const from = entry.situation.state;
    if (entry.become(situation)) this.#publish(entry, from);
  }

  #publish(entry: Entry, from: Situation["state"] | undefined): void {
    const { state: to, cause } = entry.situation;
    const interconnects = this.#wanted.interconnectsOf(entry.id);
    if (interconnects.length > 0) entry.interconnects = interconnects;
    this.log.publish({ id: { ...entry.id }, from, to, cause, status: this.status(entry) });
  }
}
