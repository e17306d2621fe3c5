// One punt in the manager: its state, and the calls that wait for a change.
import { isDeepStrictEqual } from "node:util";
import type { PuntError } from "../../errors.js";
import type { Interconnect } from "../interconnect/index.js";
import { type Missing, satisfies } from "../items/index.js";
import type { Plan, Step } from "../plan/index.js";
import { idKey, idOf, type PuntId, type PuntRequest } from "../request/index.js";
import { type Degradation, deletedError, failedError, lateError, type PuntFailure, type PuntState } from "../state.js";

/** A state with its details. */
export interface Situation {
  readonly state: PuntState;
  readonly missing?: readonly Missing[];
  readonly reasons?: readonly Degradation[];
  readonly failure?: PuntFailure;
  readonly cause: string;
}

interface Waiter {
  readonly done: (situation: Situation) => boolean;
  /** The call that waits. */
  readonly op: string;
  readonly resolve: () => void;
  readonly reject: (error: PuntError) => void;
}

export class Entry {
  readonly id: PuntId;
  readonly key: string;
  request: PuntRequest;
  situation: Situation = { state: "INIT", cause: "accepted" };
  /** Whether it was deleted and is not gone yet. */
  leaving = false;
  /** Keys of its items in the last plan that contained its request; undefined if none did. */
  items: readonly string[] | undefined;
  /** Keys of items of its earlier requests that may be there still; undefined if no plan told them. */
  former: readonly string[] | undefined = [];
  /** All items of that plan. */
  #wanted: Plan["items"] | undefined;
  /** Its last interconnects. A punt that is leaving has none in the desired state. */
  interconnects: readonly Interconnect[] = [];
  #waiters: Waiter[] = [];
  #abandoned: PuntError | undefined;

  /** @param before the entry of that identity in whose place it is: nothing else waits for the end of what was made for that one */
  constructor(request: PuntRequest, before?: Entry) {
    this.request = request;
    this.id = idOf(request);
    this.key = idKey(this.id);
    if (before) this.former = before.everyItem;
  }

  /** Keys of all items that may be there for it; undefined if they are not all known. */
  get everyItem(): readonly string[] | undefined {
    return this.items && this.former && [...this.items, ...this.former];
  }

  /** Takes another request. What a plan that has it makes is not known yet, and may be under way. */
  revise(request: PuntRequest): void {
    this.request = request;
    this.former = this.everyItem;
    this.items = undefined;
  }

  /** Takes its items of a plan. */
  learn(items: readonly string[], plan: Plan): void {
    this.items = items;
    this.#wanted = plan.items;
  }

  /** Takes its items of a plan. Of the former ones, those stay that are still to be deleted. @param open the steps that are left */
  planned(items: readonly string[], plan: Plan, open: ReadonlyMap<string, Step>): void {
    this.learn(items, plan);
    if (this.former?.length === 0) return;
    const deletions = [...open.values()].filter(({ action }) => action === "delete").map(({ key }) => key);
    this.former = deletions.filter((key) => this.former?.includes(key) ?? true);
  }

  /** Whether VPP still has what this punt wanted of an item, and another punt, which wants something else of it, has it after the step. */
  isHandedOn({ key, item, seen }: Step): boolean {
    const own = this.items?.includes(key) ? this.#wanted?.get(key) : undefined;
    if (!own || !item || !seen) return false;
    return satisfies(seen.value, own.value) && !isDeepStrictEqual(item.value, own.value);
  }

  /** Changes the situation. @returns whether it differs from the one before */
  become(situation: Situation): boolean {
    const before = this.situation;
    const changed = before.state !== situation.state || fingerprint(before) !== fingerprint(situation);
    this.situation = situation;
    this.#wake();
    return changed;
  }

  /** Resolves when the punt is in a situation that `done` accepts; rejects when it FAILED. `op`: the call that waits. */
  async reached(op: string, done: (situation: Situation) => boolean, timeout?: number): Promise<void> {
    const { state, failure } = this.situation;
    if (done(this.situation)) return;
    if (this.#abandoned) throw this.#abandoned;
    if (state === "DELETED") throw deletedError(op, this.id);
    // A punt that is being deleted may have FAILED before; a punt that was just added has not.
    if (state === "FAILED" && !this.leaving) throw failedError(this.id, failure!);
    const { promise, waiter } = newWaiter(op, done);
    this.#waiters.push(waiter);
    if (timeout === undefined) return promise;
    const timer = setTimeout(() => this.#expire(waiter, timeout), timeout);
    return promise.finally(() => clearTimeout(timer));
  }

  /** Rejects all waits, later ones included: a delete begins to wait after it has written the store. */
  abandon(error: PuntError): void {
    this.#abandoned = error;
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }

  #wake(): void {
    const { state } = this.situation;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (waiter.done(this.situation)) waiter.resolve();
      else if (state === "FAILED") waiter.reject(failedError(this.id, this.situation.failure!));
      else if (state === "DELETED") waiter.reject(deletedError(waiter.op, this.id));
      else this.#waiters.push(waiter);
    }
  }

  #expire(waiter: Waiter, timeout: number): void {
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
    waiter.reject(lateError(waiter.op, this.id, this.situation, timeout));
  }
}

function newWaiter(op: string, done: Waiter["done"]): { promise: Promise<void>; waiter: Waiter } {
  let waiter!: Waiter;
  const promise = new Promise<void>((resolve, reject) => {
    waiter = { done, op, resolve, reject };
  });
  return { promise, waiter };
}

/** The parts of a situation whose change is an event, besides the state. */
function fingerprint({ missing, reasons, failure }: Situation): string {
  const { item, code, attempts } = failure ?? {};
  return JSON.stringify([
    missing?.map(({ text }) => text),
    reasons?.map(({ code: reason }) => reason),
    item,
    code,
    attempts,
  ]);
}
