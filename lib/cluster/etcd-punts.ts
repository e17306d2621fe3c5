// The punts of one host through etcd, for operators and standby daemons. Changes go to the daemon that acts, or wait for it as wishes.
import { setTimeout as sleep } from "node:timers/promises";
import { CallOrder } from "../call-order.js";
import { PuntError } from "../errors.js";
import {
  type AddOptions,
  type ApplyFailure,
  type ApplyOptions,
  type ApplyResult,
  type Attachments,
  checkAddOptions,
  checkApplyOptions,
  checked,
  type DeleteOptions,
  type DryRun,
  deletedError,
  failedError,
  idOf,
  idText,
  isMade,
  lateError,
  noSuchPunt,
  type PlanChange,
  type PuntFilter,
  type PuntId,
  type PuntIdInput,
  type PuntRequest,
  type PuntRequestInput,
  type PuntSet,
  type PuntStatus,
  type Punts,
  parseId,
  parseRequest,
  parseSet,
  puntExists,
  type WatchEvent,
  type WatchOptions,
} from "../punt/index.js";
import { ask } from "./asker.js";
import { type Entry, type Etcd, isUnknown, MOST_WRITES, type Write } from "./etcd/index.js";
import { Keys } from "./keys.js";
import { type LeaderRecord, parseLeader } from "./leadership.js";
import { merged, statusOf } from "./merge.js";
import { applyResultIn, dryRunIn, explanationIn, type FramesQuestion, type Question, statusIn } from "./question.js";
import { idIn, isWishOf, wishText } from "./records.js";
import { watchStatuses } from "./status-watch.js";

/** Milliseconds that a daemon may take for a call that sets no limit. */
const LONGEST_MS = 120_000;
const PAUSE_MS = 200;

export interface EtcdPuntsOptions {
  readonly host: string;
  /** The asker, for the records. */
  by(): string;
  /** The daemon that passes the calls on, for the records; absent where the asker writes to etcd itself. */
  readonly through?: string;
  /** Refuses changes while no daemon acts. Left out: etcd keeps them until one does. */
  readonly needsLeader?: boolean;
}

/** The interface Punts over etcd. The caller closes `etcd`. */
export class EtcdPunts implements Punts {
  readonly #etcd: Etcd;
  readonly #keys: Keys;
  readonly #by: () => string;
  readonly #through: string | undefined;
  readonly #needsLeader: boolean;
  readonly #order = new CallOrder();

  constructor(etcd: Etcd, { host, by, through, needsLeader = false }: EtcdPuntsOptions) {
    this.#etcd = etcd;
    this.#keys = new Keys(etcd.prefix, host);
    this.#by = by;
    this.#through = through;
    this.#needsLeader = needsLeader;
  }

  /** The daemon that acts for the host; undefined if there is none now. */
  async leader(): Promise<LeaderRecord | undefined> {
    const entry = await this.#etcd.get(this.#keys.leader);
    return entry && parseLeader(entry.value);
  }

  async add(input: PuntRequestInput, options: AddOptions = {}): Promise<PuntStatus> {
    checkAddOptions(options, "punt.add");
    const request = parseRequest(input);
    return this.#change("add", request, options, (entry) => {
      if (entry && !isWishOf(entry, request)) throw puntExists(request);
      return entry === undefined;
    });
  }

  async update(input: PuntRequestInput, options: AddOptions = {}): Promise<PuntStatus> {
    checkAddOptions(options, "punt.update");
    const request = parseRequest(input, "request", "punt.update");
    return this.#change("update", request, options, (entry) => {
      if (!entry) throw noSuchPunt("punt.update", request);
      return !isWishOf(entry, request);
    });
  }

  /** Asks for a change of a punt, or writes it as a wish. @param isNew whether the wish that is there, if any, is another one; may throw */
  #change(
    call: "add" | "update",
    request: PuntRequest,
    options: AddOptions,
    isNew: (entry: Entry | undefined) => boolean,
  ): Promise<PuntStatus> {
    const op = `punt.${call}`;
    return this.#order.after([request.cnf], async (written) => {
      if (await this.#isAsked(op))
        return statusIn(await this.#ask<PuntStatus>({ call, request, options }, options, written));
      const entry = await this.#wishOf(request);
      if (isNew(entry)) await this.#wish([{ request, entry }], op);
      written();
      return this.#waiting(idOf(request), options, op);
    });
  }

  async delete(input: PuntIdInput, options: DeleteOptions = {}): Promise<void> {
    const id = parseId(input, "punt.delete");
    await checked.deletion(idText(id), options, () =>
      this.#order.after([id.cnf], (written) => this.#delete(id, written)),
    );
  }

  async #delete(id: PuntId, written: () => void): Promise<void> {
    if (await this.#isAsked("punt.delete")) return this.#ask({ call: "delete", id }, {}, written);
    const entry = await this.#wishOf(id);
    if (!entry) throw noSuchPunt("punt.delete", id);
    await this.#wish([{ request: undefined, entry }], "punt.delete");
  }

  async apply(set: PuntSet, options: ApplyOptions = {}): Promise<ApplyResult> {
    checkApplyOptions(options);
    const { requests, named, cnfs } = parseSet(set, options.keep ?? false);
    return this.#order.after(cnfs, async (written) => {
      if (!(await this.#isAsked("punt.apply")))
        return this.#applyWishes(set.cnf, requests, named, { ...options, written });
      const question = { call: "apply", set: { ...set, punts: requests }, options } as const;
      return applyResultIn(await this.#ask<ApplyResult>(question, options, written));
    });
  }

  async get(input: PuntIdInput): Promise<PuntStatus | undefined> {
    const id = parseId(input, "punt.get");
    const [wish, status] = await Promise.all([this.#wishOf(id), this.#etcd.get(this.#keys.punt("status", id))]);
    return statusOf(id, wish, status, await this.#isActing());
  }

  async list(filter: PuntFilter = {}): Promise<readonly PuntStatus[]> {
    const { cnf } = checked.filter(filter, "punt.list");
    const [wishes, statuses, isActing] = await Promise.all([
      this.#etcd.range(this.#keys.folder("wanted")),
      this.#etcd.range(this.#keys.folder("status")),
      this.#isActing(),
    ]);
    const found = merged(this.#keys, wishes.entries, statuses.entries, isActing);
    return found.filter(({ id }) => cnf === undefined || id.cnf === cnf);
  }

  /** Asks the daemon that acts, because it alone can look at VPP. @throws PuntError ERR_NOT_LEADER: no daemon acts */
  async plan(change: PlanChange = {}): Promise<DryRun> {
    checked.change(change);
    await this.#requireLeader("punt.plan");
    return dryRunIn(await this.#ask<DryRun>({ call: "plan", change }));
  }

  /** Asks the daemon that acts for the way of a punt's packets. @throws PuntError ERR_NOT_LEADER: no daemon acts; as that daemon */
  async explain(input: PuntIdInput, traceMs = 0): Promise<object> {
    const id = parseId(input, "punt.explain");
    await this.#requireLeader("punt.explain");
    return explanationIn(await this.#ask<object>({ call: "explain", id, ...(traceMs > 0 && { traceMs }) }));
  }

  /** Asks the daemon that acts for VPP's counters of a CNF's punts; without one, of all. @throws PuntError ERR_NOT_LEADER: no daemon acts; as that daemon */
  async counters(cnf?: string): Promise<object> {
    await this.#requireLeader("punt.counters");
    return explanationIn(await this.#ask<object>({ call: "counters", ...(cnf !== undefined && { cnf }) }));
  }

  /** Asks the daemon that acts which punts get frames. @throws PuntError ERR_NOT_LEADER: no daemon acts; as that daemon */
  async explainFrames(question: FramesQuestion): Promise<readonly object[]> {
    await this.#requireLeader("punt.explain");
    const frames = question.frames.map((bytes) => Buffer.from(bytes).toString("hex"));
    return explanationIn(await this.#ask<readonly object[]>({ call: "explainFrames", ...question, frames }));
  }

  watch(options: WatchOptions = {}): AsyncIterable<WatchEvent> {
    return watchStatuses(this.#etcd, this.#keys, checked.watch(options));
  }

  async attach(): Promise<Attachments> {
    const message = "a punt is attached on its own host: ask the daemon there";
    throw new PuntError("punt.attach", "ERR_UNSUPPORTED", message, { host: this.#keys.host });
  }

  /** Does nothing: the caller closes the connection to etcd. */
  async close(): Promise<void> {}

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @param written called once etcd has the question */
  #ask<T>(question: Question, { timeout }: AddOptions = {}, written?: () => void): Promise<T> {
    const longest = timeout === undefined ? LONGEST_MS : timeout + 10_000;
    const asker = { by: this.#by(), ...(this.#through !== undefined && { through: this.#through }) };
    return ask<T>(this.#etcd, this.#keys, question, { asker, longest, ...(written && { written }) });
  }

  async #requireLeader(op: string): Promise<void> {
    if (!(await this.#isActing())) throw this.#noLeader(op, "nothing can look at its VPP");
  }

  /** Whether a change is a question to the daemon that acts, and not a wish. @throws PuntError ERR_NOT_LEADER */
  async #isAsked(op: string): Promise<boolean> {
    const isActing = await this.#isActing();
    if (!isActing && this.#needsLeader) throw this.#noLeader(op, "nothing is changed until one does");
    return isActing;
  }

  #noLeader(op: string, consequence: string): PuntError {
    const { host } = this.#keys;
    return new PuntError(op, "ERR_NOT_LEADER", `no daemon acts for host ${host}: ${consequence}`, { host });
  }

  async #isActing(): Promise<boolean> {
    return (await this.leader()) !== undefined;
  }

  #wishOf(id: PuntId): Promise<Entry | undefined> {
    return this.#etcd.get(this.#keys.punt("wanted", id));
  }

  /** Writes all wishes or none. Each must still be as it was read. @throws PuntError ERR_CHANGED_ELSEWHERE */
  async #wish(wishes: readonly Wished[], op: string): Promise<void> {
    const writes = wishes.map((each) => this.#write(each));
    const conditions = wishes.map(({ entry }, index) => ({ key: writes[index]!.key, modified: entry?.modified ?? 0 }));
    const revision = await this.#etcd.write(conditions, writes).catch(async (error) => {
      // The time in a wish is unique, so the wish that is there now says whether ours was written.
      if (!isUnknown(error) || !(await this.#isThere(writes[0]!))) throw error;
      return 0;
    });
    if (revision !== undefined) return;
    const message = "the punt was changed in etcd at the same time; look at it, and ask again";
    throw new PuntError(op, "ERR_CHANGED_ELSEWHERE", message, { keys: writes.map(({ key }) => key) });
  }

  #write({ request, entry }: Wished): Write {
    if (request === undefined) return { key: entry!.key };
    return { key: this.#keys.punt("wanted", request), value: wishText(request, this.#by()) };
  }

  async #isThere({ key, value }: Write): Promise<boolean> {
    const entry = await this.#etcd.get(key).catch(() => undefined);
    return value !== undefined && entry?.value === value;
  }

  /** The wish is in etcd, but no daemon acts. The next daemon that acts fulfils it. */
  async #waiting(id: PuntId, { waitFor, timeout = 0 }: AddOptions, op: string): Promise<PuntStatus> {
    const end = performance.now() + timeout;
    for (;;) {
      const status = await this.get(id);
      if (!status) throw deletedError(op, id);
      if (status.failure) throw failedError(id, status.failure);
      if (isMade(status.state) || waitFor !== "CREATED") return status;
      if (timeout > 0 && performance.now() >= end) throw lateError(op, id, status, timeout);
      await sleep(PAUSE_MS);
    }
  }

  async #applyWishes(
    cnf: string | undefined,
    requests: readonly PuntRequest[],
    named: readonly PuntId[],
    { written, ...options }: ApplyOptions & { readonly written: () => void },
  ): Promise<ApplyResult> {
    const { keep = false } = options;
    const { entries } = await this.#etcd.range(this.#keys.folder("wanted", ...(cnf === undefined ? [] : [cnf])));
    const known = new Map(entries.map((entry) => [entry.key, entry]));
    const all = requests.map((request) => ({ request, entry: known.get(this.#keys.punt("wanted", request)) }));
    const added = all.filter(({ entry }) => !entry);
    const updated = all.filter(({ entry, request }) => entry && !isWishOf(entry, request));
    const unchanged = all.filter(({ entry, request }) => isWishOf(entry, request));
    const asked = new Set(all.map(({ entry }) => entry?.key));
    const dropped = new Set(named.map((id) => this.#keys.punt("wanted", id)));
    for (const id of named) if (!known.has(this.#keys.punt("wanted", id))) throw noSuchPunt("punt.apply", id);
    const gone = entries
      .filter(({ key }) => dropped.has(key) || !(keep || asked.has(key)))
      .map((entry) => ({ request: undefined, entry }));
    const changes = [...added, ...updated, ...gone];
    for (let at = 0; at < changes.length; at += MOST_WRITES)
      await this.#wish(changes.slice(at, at + MOST_WRITES), "punt.apply");
    written();
    const failed: ApplyFailure[] = [];
    const reached = async ({ request }: { readonly request: PuntRequest }) => {
      const id = idOf(request);
      return this.#waiting(id, options, "punt.apply").catch((error: PuntError) => {
        failed.push({ id, error });
        return [];
      });
    };
    const statuses = async (list: readonly { readonly request: PuntRequest }[]) =>
      (await Promise.all(list.map(reached))).flat();
    const folder = this.#keys.folder("wanted");
    const deleted = gone.flatMap(({ entry }) => idIn(entry.key, folder) ?? []);
    const told = await Promise.all([statuses(added), statuses(updated), statuses(unchanged)]);
    return { added: told[0], updated: told[1], unchanged: told[2], deleted, failed };
  }
}

interface Wished {
  /** Undefined ends the wish. */
  readonly request: PuntRequest | undefined;
  readonly entry: Entry | undefined;
}
