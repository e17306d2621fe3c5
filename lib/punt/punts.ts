// The interface that everything which manages punts has: the manager in this process, and the client of a daemon.
import type { Attachments, AttachOptions } from "./attach.js";
import type { DryRun } from "./plan/index.js";
import type { PuntId, PuntIdInput, PuntRequestInput } from "./request/index.js";
import type { PuntEvent, PuntStatus } from "./state.js";

type Awaitable<T> = T | Promise<T>;

/** Manages punts: in this process (`PuntManager`) or in a daemon (the module's client). */
export interface Punts extends AsyncDisposable {
  /** Asks for a punt, or waits for the equal one there is. */
  add(request: PuntRequestInput, options?: AddOptions): Promise<PuntStatus>;
  /** Makes the punts of one CNF exactly those of the set: adds, updates and deletes. */
  apply(set: PuntSet, options?: ApplyOptions): Promise<ApplyResult>;
  /** Replaces the request of a punt that exists. */
  update(request: PuntRequestInput, options?: AddOptions): Promise<PuntStatus>;
  /** Deletes a punt. */
  delete(id: PuntIdInput): Promise<void>;
  /** Returns the status of a punt, or undefined if there is none of that identity. */
  get(id: PuntIdInput): Awaitable<PuntStatus | undefined>;
  /** Lists punts in the order in which they were asked for. */
  list(filter?: PuntFilter): Awaitable<readonly PuntStatus[]>;
  /** Returns what would be done now, or if punts were added, updated or deleted. Changes nothing. */
  plan(change?: PlanChange): Promise<DryRun>;
  /** Follows the punts: a snapshot first, then each change. */
  watch(options?: WatchOptions): AsyncIterable<WatchEvent>;
  /** Opens the CNF's ends of a punt in this process. */
  attach(id: PuntIdInput, options?: AttachOptions): Awaitable<Attachments>;
  /** Ends the manager or the connection to it. Punts stay. */
  close(): Promise<void>;
}

export interface AddOptions {
  /** Resolve only when the punt is CREATED, not already when it is PENDING. */
  readonly waitFor?: "CREATED";
  /** Milliseconds to wait at most, below 2^31. The punt stays, whatever becomes of it. */
  readonly timeout?: number;
}

/** All punts of one CNF. */
export interface PuntSet {
  readonly cnf: string;
  /** Requests of that CNF; `cnf` may be left out of them. */
  readonly punts: readonly (PuntRequestInput | WithoutCnf<PuntRequestInput>)[];
}

type WithoutCnf<R> = R extends unknown ? Omit<R, "cnf"> : never;

export interface ApplyOptions extends AddOptions {
  /** Keep punts of the CNF that the set does not list. Default false. */
  readonly keep?: boolean;
}

/** What `apply` did: each punt of the set, and each that was deleted, is in exactly one of the lists. */
export interface ApplyResult {
  readonly added: readonly PuntStatus[];
  readonly updated: readonly PuntStatus[];
  readonly unchanged: readonly PuntStatus[];
  readonly deleted: readonly PuntId[];
  /** Punts that could not be had, or not be deleted. */
  readonly failed: readonly ApplyFailure[];
}

export interface ApplyFailure {
  readonly id: PuntId;
  /** A `PuntError` in this process; its code and message over the wire. */
  readonly error: { readonly code: string; readonly message: string };
}

export interface PuntFilter {
  readonly cnf?: string;
}

/** A change to plan for. An added punt that exists with another request is an update. */
export interface PlanChange {
  readonly add?: readonly PuntRequestInput[];
  readonly delete?: readonly PuntIdInput[];
}

export interface WatchOptions {
  /** A revision of an earlier event. If the changes after it are still kept, only those come; otherwise a snapshot with `resync`. */
  readonly from?: string;
  readonly cnf?: string;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
}

/** What a watcher gets. `revision` is opaque; it orders the events of one manager. */
export type WatchEvent =
  | {
      readonly kind: "snapshot";
      readonly revision: string;
      readonly punts: readonly PuntStatus[];
      /** The revision asked for is not kept any more: changes may have been missed. */
      readonly resync?: true;
    }
  | { readonly kind: "change"; readonly revision: string; readonly event: PuntEvent }
  /** Nothing changed for the watcher up to this revision. */
  | { readonly kind: "progress"; readonly revision: string };
