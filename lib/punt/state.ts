// The life of a punt as others see it.

import type { Missing } from "./items/index.js";
import type { Degradation, PuntMetadata } from "./metadata.js";
import type { PuntId, PuntRequest } from "./request/index.js";

/**
 * INIT: accepted, its metadata known. PENDING: waits for what `missing` lists. CREATED: VPP has every item of it, read back.
 * DEGRADED: the same, but not all the packets that were asked for can come, or not the way back: `reasons` says why. FAILED: `failure` says of what; it is tried again. DELETED: nothing of it is left.
 */
export type PuntState = "INIT" | "PENDING" | "CREATED" | "DEGRADED" | "FAILED" | "DELETED";

export type { Degradation };

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
  /** Of a punt that is DEGRADED. */
  readonly reasons: readonly Degradation[];
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
