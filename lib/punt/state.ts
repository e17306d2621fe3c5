// The life of a punt as others see it.
import type { PuntMetadata } from "./metadata.js";
import type { Missing } from "./problem.js";
import type { PuntId, PuntRequest } from "./request.js";

/**
 * INIT: accepted, its metadata known. PENDING: waits for what `missing` lists. CREATED: VPP has every item of it, read back.
 * FAILED: `failure` says of what; it is tried again. DELETED: nothing of it is left.
 */
export type PuntState = "INIT" | "PENDING" | "CREATED" | "FAILED" | "DELETED";

export interface PuntFailure {
  /** The item that was refused or timed out, such as `acl/vpp-punt/tap-abcde/ingress`. */
  readonly item: string;
  /** VPP's name of the error, an errno name, or a code of the manager. */
  readonly code: string;
  /** VPP's number of the error, where it was VPP's. */
  readonly number?: number;
  readonly message: string;
  readonly attempts: number;
  /** When it is tried again. */
  readonly nextTry: Date;
}

export interface PuntStatus {
  readonly id: PuntId;
  readonly request: PuntRequest;
  readonly state: PuntState;
  /** Of a punt that is PENDING. */
  readonly missing: readonly Missing[];
  /** Of a punt that FAILED. */
  readonly failure?: PuntFailure;
  readonly metadata: PuntMetadata;
}

/** A change of a punt. */
export interface PuntEvent {
  readonly id: PuntId;
  /** Undefined for the first. */
  readonly from: PuntState | undefined;
  readonly to: PuntState;
  /** As a person reads it. */
  readonly cause: string;
  readonly status: PuntStatus;
}
