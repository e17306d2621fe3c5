// The interface of a manager of punts: the one in this process, and the client of a daemon.
import type { PuntError } from "../errors.js";
import type { Attachments, AttachOptions } from "./attach.js";
import type { DryRun } from "./plan/index.js";
import type { PuntId, PuntIdInput, PuntRequestInput, PuntSet } from "./request/index.js";
import type { PuntEvent, PuntStatus } from "./state.js";

type Awaitable<T> = T | Promise<T>;

/** Manages punts: in this process (`PuntManager`) or in a daemon (the module's client). */
export interface Punts extends AsyncDisposable {
  /** Adds a punt, or waits for an equal punt if there is one. */
  add(request: PuntRequestInput, options?: AddOptions): Promise<PuntStatus>;
  /** Makes the punts of one CNF equal to the set: adds, updates and deletes. Without a CNF, adds, updates and deletes what the set lists. */
  apply(set: PuntSet, options?: ApplyOptions): Promise<ApplyResult>;
  /** Replaces the request of a punt that exists. */
  update(request: PuntRequestInput, options?: AddOptions): Promise<PuntStatus>;
  /** Deletes a punt. */
  delete(id: PuntIdInput): Promise<void>;
  /** Returns the status of a punt, or undefined if there is none of that identity. */
  get(id: PuntIdInput): Awaitable<PuntStatus | undefined>;
  /** Lists punts in the order in which they were added. */
  list(filter?: PuntFilter): Awaitable<readonly PuntStatus[]>;
  /** Returns the steps that are due now, or that a change would bring. Changes nothing. */
  plan(change?: PlanChange): Promise<DryRun>;
  /** Follows the punts: a snapshot first, then each change. */
  watch(options?: WatchOptions): AsyncIterable<WatchEvent>;
  /** Opens the CNF's ends of a punt in this process. */
  attach(id: PuntIdInput, options?: AttachOptions): Awaitable<Attachments>;
  /** Closes the manager or the connection to it. Punts stay. */
  close(): Promise<void>;
}

export interface AddOptions {
  /** Wait until the punt is CREATED or DEGRADED. By default PENDING ends the wait too. */
  readonly waitFor?: "CREATED";
  /** Longest wait in milliseconds, below 2^31. The punt stays after it. */
  readonly timeout?: number;
}

export interface ApplyOptions extends AddOptions {
  /** Keep punts of the CNF that the set does not list. Default false. */
  readonly keep?: boolean;
}

/** The result of `apply`. Each punt of the set and each deleted punt is in exactly one of the lists. */
export interface ApplyResult {
  readonly added: readonly PuntStatus[];
  readonly updated: readonly PuntStatus[];
  readonly unchanged: readonly PuntStatus[];
  readonly deleted: readonly PuntId[];
  /** Punts that could not be created, or not be deleted. */
  readonly failed: readonly ApplyFailure[];
}

export interface ApplyFailure {
  readonly id: PuntId;
  readonly error: PuntError;
}

export interface PuntFilter {
  readonly cnf?: string;
}

/** A change to plan. Adding a punt that exists with another request is an update. */
export interface PlanChange {
  readonly add?: readonly PuntRequestInput[];
  readonly delete?: readonly PuntIdInput[];
}

export interface WatchOptions {
  /** The revision of an earlier event. If the manager still keeps the changes after it, only those come; otherwise a snapshot with `resync`. */
  readonly from?: string;
  readonly cnf?: string;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
}

/** An event of a watcher. `revision` is opaque; it orders the events of one manager. */
export type WatchEvent =
  | {
      readonly kind: "snapshot";
      readonly revision: string;
      readonly punts: readonly PuntStatus[];
      /** The manager does not keep the revision that was asked for: changes may have been missed. */
      readonly resync?: true;
    }
  | { readonly kind: "change"; readonly revision: string; readonly event: PuntEvent }
  /** Nothing changed for the watcher up to this revision. */
  | { readonly kind: "progress"; readonly revision: string };
