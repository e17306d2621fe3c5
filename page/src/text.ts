// Names, numbers and causes as the page writes them.
import type { PuntId, PuntRequest } from "../../lib/wire/gen/vpp_punt/v1/request_pb.js";
import { PuntRequest_Interconnect, PuntRequest_Type } from "../../lib/wire/gen/vpp_punt/v1/request_pb.js";
import { PuntState, type PuntStatus } from "../../lib/wire/gen/vpp_punt/v1/status_pb.js";

export type StateName = "INIT" | "PENDING" | "CREATED" | "DEGRADED" | "FAILED" | "DELETED" | "UNKNOWN";

/** Each state has a shape of its own: a colour alone tells nothing to some. */
export const SIGNS: Readonly<Record<StateName, string>> = {
  CREATED: "●",
  DEGRADED: "◐",
  PENDING: "○",
  INIT: "◌",
  FAILED: "✕",
  DELETED: "–",
  UNKNOWN: "?",
};

/** States in the order of their gravity. */
export const STATES: readonly StateName[] = ["FAILED", "DEGRADED", "PENDING", "INIT", "CREATED"];

/** A later daemon may tell a state that this page does not know. */
export function stateName(state: PuntState): StateName {
  return state === 0 ? "UNKNOWN" : ((PuntState[state] as StateName | undefined) ?? "UNKNOWN");
}

/** Returns the name of a punt as the command line has it. */
export function idText(id: PuntId | undefined): string {
  const { cnf = "", key = "", label = "" } = id ?? {};
  return [cnf, key, label].filter((part) => part !== "").join("/");
}

export function typeText(request: PuntRequest | undefined): string {
  return PuntRequest_Type[request?.type ?? 0] ?? "";
}

/** TAP, MEMIF or AF_UNIX. */
export function interconnectText(type: PuntRequest_Interconnect): string {
  return PuntRequest_Interconnect[type] ?? "";
}

/** Returns why a punt is in its state; "" for a punt that VPP has wholly. */
export function causeOf({ state, missing, failure, reasons }: PuntStatus): string {
  if (state === PuntState.PENDING) return `waits for ${missing.map(({ text }) => text).join(", ")}`;
  if (state === PuntState.FAILED && failure)
    return `${failure.item}: ${failure.message} (${failure.code}), attempt ${failure.attempts}`;
  return state === PuntState.DEGRADED ? reasons.map(({ text }) => text).join("; ") : "";
}

const UNITS = ["", "k", "M", "G", "T"];

/** Three digits and a unit of thousands. */
export function short(value: number): string {
  if (value > 0 && value < 10) return value.toPrecision(2).replace(/\.?0+$/, "");
  const step = value < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** step;
  return `${step === 0 ? Math.round(scaled) : scaled.toPrecision(3)}${UNITS[step]}`;
}

export function rateText(value: number | undefined): string {
  return value === undefined ? "–" : `${short(value)}/s`;
}

export function clock(time: Date): string {
  return time.toLocaleTimeString("en-GB");
}
