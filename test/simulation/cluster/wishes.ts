// The model of what was promised to those who asked: which punts there must be, with which requests, and which must not be.
import { type ApplyResult, idKey, type PuntId, type PuntRequest } from "../../../lib/punt/index.js";
import { codesIn } from "../set-result.js";
import type { Party } from "../world/index.js";

export type Call = "add" | "update" | "delete";

/** "unknown": nobody answered, or the answer says that it may still happen. */
type Wish = PuntRequest | "absent" | "unknown";

export interface Asked {
  readonly call: Call;
  readonly key: string;
  readonly request: PuntRequest;
  readonly before: Wish;
  /** The process that asks. */
  readonly party: Party;
  /** The number of times that the lead had changed then. */
  readonly terms: number;
}

export interface AskedSet {
  readonly cnf: string;
  readonly party: Party;
  readonly asked: readonly Asked[];
}

/** Errors after which nothing was done. */
const NOTHING_DONE = new Set([
  ...["ERR_CONFLICT", "ERR_PUNT_EXISTS", "ERR_POOL_EXHAUSTED", "ERR_INVALID_REQUEST"],
  ...["ERR_NO_SUCH_PUNT", "ERR_CHANGED_ELSEWHERE", "UNCHANGED"],
]);
/** Virtual milliseconds for which a call may happen after nobody answered: its question ends with a lease, which may be refreshed once. */
const LATEST_MS = 70_000;

/** Virtual milliseconds within which all daemons know what is in etcd. */
const LATEST_NEWS_MS = 25_000;

export class ClusterWishes {
  /** How many times the lead has changed so far. A call that meets such a change may be made twice. */
  terms = 0;
  readonly #now: () => number;
  readonly #wishes = new Map<string, Wish>();
  readonly #running = new Map<string, Asked>();
  /** Until then a call whose outcome is unknown may still happen. */
  readonly #open = new Map<string, number>();
  /** Until then a program's own writes to etcd may not have reached a daemon. */
  readonly #told = new Map<string, number>();
  /** CNFs of which a whole set is applied. */
  readonly #applying = new Map<string, Party>();
  /** Until then a set whose outcome is unknown may still be applied, by CNF. */
  readonly #openCnfs = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The model's word on a punt. */
  at(id: PuntId): Wish | undefined {
    return this.#wishes.get(idKey(id));
  }

  get running(): readonly Asked[] {
    return [...this.#running.values()];
  }

  /** No call that nobody answered happens any more. */
  settled(): void {
    this.#open.clear();
    this.#told.clear();
    this.#openCnfs.clear();
  }

  isBusy(id: PuntId): boolean {
    return this.#running.has(idKey(id)) || this.#applying.has(id.cnf);
  }

  /** Whether calls about punts of a CNF are under way. */
  isCnfBusy(cnf: string): boolean {
    return this.#applying.has(cnf) || [...this.#running.keys()].some((key) => cnfIn(key) === cnf);
  }

  /** Whether a call about a punt may still happen. */
  #isAsked(key: string): boolean {
    return Math.max(this.#open.get(key) ?? 0, this.#openCnfs.get(cnfIn(key)) ?? 0) > this.#now();
  }

  #isOpen(key: string): boolean {
    return this.#isAsked(key) || (this.#told.get(key) ?? 0) > this.#now();
  }

  /** Whether a call about a punt is under way, or may still happen. */
  mayChange(id: PuntId): boolean {
    return this.isBusy(id) || this.#isOpen(idKey(id));
  }

  /** Notes what a program has written to etcd itself: the last word holds. Until all daemons know it, they may answer others as before. */
  written(id: PuntId, request: PuntRequest | undefined): void {
    const key = idKey(id);
    this.#wishes.set(key, this.#isAsked(key) ? "unknown" : (request ?? "absent"));
    this.#told.set(key, this.#now() + LATEST_NEWS_MS);
  }

  /** etcd has an older history, with these wishes. Which history holds is decided later. */
  restored(requests: readonly PuntRequest[]): void {
    for (const key of [...this.#wishes.keys(), ...requests.map(idKey)]) {
      this.#wishes.set(key, "unknown");
      this.#open.set(key, Number.POSITIVE_INFINITY);
    }
  }

  begin(call: Call, request: PuntRequest, party: Party): Asked {
    const key = idKey(request);
    const asked = { call, key, request, party, before: this.#wishes.get(key) ?? "absent", terms: this.terms };
    this.#wishes.set(key, "unknown");
    this.#running.set(key, asked);
    return asked;
  }

  /** A set replaces all punts of a CNF: those of the set are updated, and the others deleted. */
  beginSet(cnf: string, requests: readonly PuntRequest[], party: Party): AskedSet {
    const inSet = new Set(requests.map(idKey));
    const others = [...this.#wishes.keys()].filter((key) => cnfIn(key) === cnf && !inSet.has(key));
    const asked = [
      ...requests.map((request) => this.begin("update", request, party)),
      ...others.map((key) => this.begin("delete", requestNamed(key), party)),
    ];
    this.#applying.set(cnf, party);
    return { cnf, party, asked };
  }

  /** Notes the outcome of a set. @throws an Error if no daemon may answer so */
  endedSet({ cnf, party, asked }: AskedSet, outcome: ApplyResult | string): void {
    if (this.#applying.get(cnf) !== party) return;
    this.#applying.delete(cnf);
    const codes = typeof outcome === "string" ? undefined : codesIn(outcome, idKey);
    if (typeof outcome === "string" && !NOTHING_DONE.has(outcome)) this.#openCnfs.set(cnf, this.#now() + LATEST_MS);
    for (const each of asked) {
      if (typeof outcome === "string") this.ended(each, outcome);
      else if (codes!.has(each.key)) this.ended(each, codes!.get(each.key));
      else if (each.call === "delete") this.ended(each, "ERR_NO_SUCH_PUNT");
      else throw new Error(`${each.key} is in the set, and not in the result`);
    }
  }

  /** Notes the outcome of a call. @throws an Error if no daemon may answer so */
  ended(asked: Asked, code: string | undefined): void {
    const { call, key, request, before } = asked;
    if (this.#running.get(key) !== asked) return;
    this.#running.delete(key);
    const isDone = code === undefined || code === "FAILED";
    if (!isDone && !NOTHING_DONE.has(code)) this.#open.set(key, this.#now() + LATEST_MS);
    if (this.#isOpen(key)) return;
    if (isDone) this.#wishes.set(key, call === "delete" ? "absent" : request);
    else if (asked.terms === this.terms) this.#refused(asked, code);
    else if (call !== "delete") this.#wishes.set(key, "unknown");
    else if (before === "absent" || code === "ERR_NO_SUCH_PUNT") this.#wishes.set(key, "absent");
  }

  #refused({ call, key, request, before }: Asked, code: string): void {
    this.#wishes.set(key, before);
    if (code === "ERR_NO_SUCH_PUNT") {
      if (typeof before === "object") throw new Error(`the wish for ${key} is lost: ${call} says that there is none`);
      this.#wishes.set(key, "absent");
    }
    if (code === "ERR_PUNT_EXISTS") {
      const isKnown = typeof before !== "object" || !isSame(before, request);
      if (before === "absent" || !isKnown) throw new Error(`${key} exists, and was not added so`);
    }
  }

  /** The process has died: nobody answers what it asked. */
  died(party: Party): void {
    for (const [cnf, by] of this.#applying) {
      if (by !== party) continue;
      this.#applying.delete(cnf);
      this.#openCnfs.set(cnf, this.#now() + LATEST_MS);
    }
    for (const [key, asked] of this.#running) {
      if (asked.party !== party) continue;
      this.#running.delete(key);
      this.#open.set(key, this.#now() + LATEST_MS);
    }
  }

  /** Compares with what there is. A wish of unknown fate is known from then on. @throws an Error with the differences */
  compare(requests: readonly PuntRequest[]): void {
    const found = new Map(requests.map((request) => [idKey(request), request]));
    const wrong: string[] = [];
    for (const [key, wish] of this.#wishes) {
      const request = found.get(key);
      if (wish === "absent" && request) wrong.push(`${key} was deleted, and is there`);
      if (typeof wish === "object" && !request) wrong.push(`the wish for ${key} is lost`);
      if (typeof wish === "object" && request && !isSame(wish, request)) wrong.push(`${key} has another request`);
      if (wish === "unknown") this.#wishes.set(key, request ?? "absent");
    }
    for (const key of found.keys()) if (!this.#wishes.has(key)) wrong.push(`nobody asked for ${key}`);
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
  }
}

function isSame(one: PuntRequest, other: PuntRequest): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function cnfIn(key: string): string {
  return JSON.parse(key)[0];
}

/** Returns what a deletion has of a request: its identity. */
function requestNamed(name: string): PuntRequest {
  const [cnf, key, label] = JSON.parse(name);
  return { cnf, key, label } as PuntRequest;
}
