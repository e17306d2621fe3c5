// Tells errors of a look at VPP apart, and names the item in them.
import { PuntError } from "../../errors.js";

/** Whether the error is a lost connection to VPP, after which no other request can succeed. */
export function isDisconnect(error: unknown): error is PuntError {
  return error instanceof PuntError && /^ERR_(DISCONNECTED|CLOSED)$/.test(error.code);
}

/** Returns whether VPP did not answer in time. Its objects are then unknown, not absent. */
export function isSilence(error: unknown): boolean {
  return error instanceof PuntError && error.code === "ERR_TIMEOUT";
}

/** Returns the error as a PuntError with the item in `details.item`. VPP's number of the error stays in `details.retval`. */
export function asPuntError(error: unknown, item: string): PuntError {
  const { code = "ERR_FAILED", message, details } = error as NodeJS.ErrnoException & Partial<PuntError>;
  return new PuntError("punt.reconcile", code, `${item}: ${message}`, { ...details, item }, error);
}
