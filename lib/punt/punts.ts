// The interface of a manager of punts: the one in this process, and the client of a daemon.
import type { PuntError } from "../errors.js";
import type { Attachments, AttachOptions } from "./attach.js";
import type { DryRun } from "./plan/index.js";
import type { PuntId, PuntIdInput, PuntRequestInput, PuntSet } from "./request/index.js";
import type { PuntEvent, PuntStatus } from "./state.js";

type Awaitable<T> = T | Promise<T>;

/** Manages punts: in this process (`PuntManager`) or in a daemon (the module's client). */
export interface Punts extends AsyncDisposable {
  /**
   * Adds a punt, or waits for an equal punt if there is one.
   *
   * @example
   * ```ts
   * import { connectPunts } from "vpp-punt/module";
   *
   * await using punts = await connectPunts();
   * const span = { type: "SPAN", cnf: "monitor", interconnect: "MEMIF", vppInterface: "eth0" } as const;
   * const { state, metadata } = await punts.add(span, { waitFor: "CREATED", timeout: 10_000 });
   * ```
   */
  add(request: PuntRequestInput, options?: AddOptions): Promise<PuntStatus>;
  /**
   * Makes the punts of one CNF equal to the set: adds the missing ones, updates those with another request, deletes the others. Without a
   * CNF, and with `keep`, the set has punts of several CNFs, and deletes only what it names. The set is accepted as a whole: if one of its
   * punts conflicts with another punt, nothing is done.
   *
   * @returns what was done; `failed` lists the punts that VPP refused, which are tried again
   * @throws PuntError `ERR_INVALID_REQUEST`, `ERR_OPTION`, `ERR_CONFLICT`, `ERR_POOL_EXHAUSTED`, or an error of the store
   * @example
   * ```ts
   * import { connectPunts } from "vpp-punt/module";
   *
   * await using punts = await connectPunts();
   * const span = { type: "SPAN", cnf: "monitor", interconnect: "MEMIF", vppInterface: "eth0" } as const;
   * const { added, failed } = await punts.apply({ cnf: "monitor", punts: [span] });
   * ```
   */
  apply(set: PuntSet, options?: ApplyOptions): Promise<ApplyResult>;
  /**
   * Replaces the request of a punt that exists.
   *
   * @example
   * ```ts
   * import { connectPunts } from "vpp-punt/module";
   *
   * await using punts = await connectPunts();
   * const span = { type: "SPAN", cnf: "monitor", interconnect: "MEMIF", vppInterface: "eth1" } as const;
   * await punts.update(span, { waitFor: "CREATED" });
   * ```
   */
  update(request: PuntRequestInput, options?: AddOptions): Promise<PuntStatus>;
  /** Deletes a punt. */
  delete(id: PuntIdInput, options?: DeleteOptions): Promise<void>;
  /** Returns the status of a punt, or undefined if there is none of that identity. */
  get(id: PuntIdInput): Awaitable<PuntStatus | undefined>;
  /** Lists punts in the order in which they were added. */
  list(filter?: PuntFilter): Awaitable<readonly PuntStatus[]>;
  /**
   * Returns the steps that are due now, or that a change would bring. Changes nothing.
   *
   * @example
   * ```ts
   * import { connectPunts } from "vpp-punt/module";
   *
   * await using punts = await connectPunts();
   * const { steps } = await punts.plan({ delete: [{ cnf: "monitor" }] });
   * for (const { action, item, why } of steps) console.log(action, item, why);
   * ```
   */
  plan(change?: PlanChange): Promise<DryRun>;
  /**
   * Follows the punts: a snapshot first, then each change. With `from`, a revision that is still kept, only the changes after it. A slow
   * watcher gets the last state of each punt.
   *
   * @throws PuntError `ERR_CLOSED`; from the iterator, `ERR_RESOURCE_EXHAUSTED`: the watcher does not read
   * @example
   * ```ts
   * import { connectPunts } from "vpp-punt/module";
   *
   * await using punts = await connectPunts();
   * for await (const each of punts.watch({ cnf: "dns" }))
   *   if (each.kind === "change") console.log(each.event);
   * ```
   */
  watch(options?: WatchOptions): AsyncIterable<WatchEvent>;
  /**
   * Opens the CNF's ends of a punt in this process.
   *
   * @example
   * ```ts
   * import { connectPunts } from "vpp-punt/module";
   *
   * await using punts = await connectPunts();
   * using ends = await punts.attach({ cnf: "monitor" });
   * for (const port of ends.ports) if (port.kind === "memif") port.memif.receive((batch) => console.log(batch.length));
   * ```
   */
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

export interface DeleteOptions {
  /** Longest wait in milliseconds, below 2^31. The punt is deleted all the same, later. */
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
  /** Nothing changed for the watcher up to this revision. A watch of punts in etcd has none of these while etcd is away. */
  | { readonly kind: "progress"; readonly revision: string };
