// The states of a punt, as its users see them.
import { PuntError } from "../errors.js";
import type { Missing } from "./items/index.js";
import type { Degradation, PuntMetadata } from "./metadata.js";
import { idText, type PuntId, type PuntRequest } from "./request/index.js";

/**
 * INIT: accepted, metadata known. PENDING: waits for the things in `missing`. CREATED: VPP has every item, read back. DEGRADED: VPP has
 * every item, but cannot deliver all the packets that were asked for, or not the way back: `reasons` says why. FAILED: `failure` names the
 * cause; the manager tries again. DELETED: nothing of it is left.
 */
export type PuntState = "INIT" | "PENDING" | "CREATED" | "DEGRADED" | "FAILED" | "DELETED";

/** Returns whether VPP has every item of a punt in this state. */
export function isMade(state: string): boolean {
  return state === "CREATED" || state === "DEGRADED";
}

export type { Degradation };

export interface PuntFailure {
  /** The item that VPP refused, or that timed out, such as `acl/vpp-punt/tap-abcde/ingress`. */
  readonly item: string;
  /** VPP's name of the error, an errno name, or a code of this package. */
  readonly code: string;
  /** VPP's number of the error, if the error is VPP's. */
  readonly number?: number;
  readonly message: string;
  readonly attempts: number;
  /** Time of the next try. */
  readonly nextTry: Date;
}

/** Returns a failure in a line: the item, and why. */
export function failureText({ item, message }: Pick<PuntFailure, "item" | "message">): string {
  return `${item}: ${message}`;
}

/** The error of a call that waits for a punt that FAILED. */
export function failedError(id: PuntId, failure: PuntFailure): PuntError {
  const text = `punt ${idText(id)} FAILED: ${failureText(failure)}`;
  return new PuntError("punt.reconcile", failure.code, text, { id: { ...id }, ...failure });
}

/** The error of a call that waits for a punt that is deleted during the wait. */
export function deletedError(op: string, id: PuntId): PuntError {
  return new PuntError(op, "ECANCELED", `punt ${idText(id)} was deleted`, { id: { ...id } });
}

/** The error of a call whose punt is not there after its time limit, in milliseconds. */
export function lateError(
  op: string,
  id: PuntId,
  { state, missing = [] }: { readonly state: PuntState; readonly missing?: readonly Missing[] },
  timeout: number,
): PuntError {
  const waitsFor = missing.length > 0 ? `, waiting for ${missing.map((lack) => lack.text).join(", ")}` : "";
  const message = `punt ${idText(id)} is ${state} after ${timeout} ms${waitsFor}`;
  return new PuntError(op, "ETIMEDOUT", message, { id: { ...id }, state, missing });
}

export interface PuntStatus {
  readonly id: PuntId;
  readonly request: PuntRequest;
  readonly state: PuntState;
  /** Not empty while the punt is PENDING. */
  readonly missing: readonly Missing[];
  /** Not empty while the punt is DEGRADED. In a state from etcd, `NO_DAEMON` says that no daemon acts for the host. */
  readonly reasons: readonly Degradation[];
  /** Present while the punt is FAILED. */
  readonly failure?: PuntFailure;
  readonly metadata: PuntMetadata;
}

/** A change of a punt. */
export interface PuntEvent {
  readonly id: PuntId;
  /** Undefined in the first event of a punt. */
  readonly from: PuntState | undefined;
  readonly to: PuntState;
  /** The reason, for people. */
  readonly cause: string;
  readonly status: PuntStatus;
}
