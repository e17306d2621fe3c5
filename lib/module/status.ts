// The status of a punt as its CNF sees it: its state in VPP, and whether this end is connected.
import type { PuntError } from "../errors.js";
import { failureText, isMade, type PuntStatus } from "../punt/index.js";

/**
 * `waiting`: it comes by itself. `ready`: VPP has it and this end is connected. `degraded`: the same, but not all the packets can
 * come. `failed`: `reasons` says why; where VPP refused something, that is tried again.
 */
export type CnfState = "waiting" | "ready" | "degraded" | "failed";

/** Why a punt is as it is. */
export interface CnfReason {
  /**
   * `ASKING`, `IN_PROGRESS`, `UNKNOWN`, `DAEMON_AWAY`, `NOT_CONNECTED`, `DELETED`; a kind of missing thing (`INTERFACE`, `VRF`, `VPP`...); a
   * code of a degradation; or the code of an error.
   */
  readonly code: string;
  readonly text: string;
  /** The remedy, if it is known. */
  readonly remedy?: string;
}

export interface CnfStatus {
  readonly state: CnfState;
  readonly reasons: readonly CnfReason[];
  /** The manager's status of the punt; undefined until it has answered. */
  readonly punt: PuntStatus | undefined;
}

/** The facts from which a status follows. */
export interface Situation {
  readonly punt: PuntStatus | undefined;
  /** Nothing more will be tried. */
  readonly fatal: PuntError | undefined;
  /** Why the daemon is away; undefined where it is not. */
  readonly away: PuntError | undefined;
  /** The ends could not be opened. */
  readonly attachError: PuntError | undefined;
  /** Texts for the ends that are not connected. */
  readonly unconnected: readonly string[];
}

function awayReason({ message, cause }: PuntError, wasThere: boolean): CnfReason {
  const why = cause instanceof Error && !message.includes(cause.message) ? `${message}: ${cause.message}` : message;
  const text = wasThere
    ? "the daemon is away; packets go on, and changes of the punt are not seen"
    : "no daemon has answered yet";
  return { code: "DAEMON_AWAY", text: `${text} (${why})` };
}

/** Returns the status that follows. */
export function judge(situation: Situation): CnfStatus {
  const { punt, away } = situation;
  const { state, reasons } = verdict(situation);
  return {
    state,
    reasons: away && state !== "failed" ? [...reasons, awayReason(away, punt !== undefined)] : reasons,
    punt,
  };
}

type Verdict = Pick<CnfStatus, "state" | "reasons">;

function verdict({ punt, fatal, away, attachError, unconnected }: Situation): Verdict {
  if (fatal) return { state: "failed", reasons: [reasonOf(fatal)] };
  if (!punt) return waiting(away ? [] : [{ code: "ASKING", text: "the manager has not answered yet" }]);
  const { state, failure, missing, reasons } = punt;
  if (failure) {
    return { state: "failed", reasons: [{ code: failure.code, text: failureText(failure) }] };
  }
  if (state === "PENDING") {
    return waiting(missing.map(({ kind, text }) => ({ code: kind.toUpperCase().replaceAll("-", "_"), text })));
  }
  if (state === ("UNKNOWN" as never))
    return waiting([
      { code: "UNKNOWN", text: "the daemon is of a later version, and says more than this program knows" },
    ]);
  if (!isMade(state)) return waiting([{ code: "IN_PROGRESS", text: "VPP is being changed" }]);
  if (attachError) return waiting([reasonOf(attachError)]);
  if (unconnected.length > 0) return waiting(unconnected.map((text) => ({ code: "NOT_CONNECTED", text })));
  return state === "DEGRADED" ? { state: "degraded", reasons } : { state: "ready", reasons: [] };
}

function waiting(reasons: readonly CnfReason[]): Verdict {
  return { state: "waiting", reasons };
}

function reasonOf({ code, message }: PuntError): CnfReason {
  return { code, text: message };
}
