// Refusals whose code says nothing: VPP prints the reason to its own log only, so the error lists the reasons that are known.
import { PuntError } from "../../errors.js";

/** A request that VPP may refuse, and the reasons that are known. */
export interface Refusable {
  /** "VPP cannot listen at /run/a.sock". */
  readonly text: string;
  readonly reasons: readonly string[];
}

/** Each memif, TAP and veth pair needs some. */
export const NO_DESCRIPTOR =
  "it has no free file descriptor (LimitNOFILE of its service; `vpp-punt doctor` counts them)";

/** Returns the error with the known reasons if its code fits; otherwise the error as it is. */
export function explained(error: unknown, op: string, codes: RegExp, { text, reasons }: Refusable): unknown {
  if (!(error instanceof PuntError) || !codes.test(error.code)) return error;
  const answer = `${error.code.replace("VPP_", "")} ${error.details.retval}`;
  const message = `${text} (${answer}) and only prints why; known reasons: ${reasons.join("; ")}`;
  return new PuntError(op, error.code, message, error.details, error);
}

/** Returns why VPP may refuse a TAP. */
export function tapRefusable({ name }: { readonly name: string }): Refusable {
  const reasons = [NO_DESCRIPTOR, "its user lacks CAP_NET_ADMIN", `its machine has another device ${name}`];
  return { text: `VPP cannot make the TAP ${name}`, reasons };
}
