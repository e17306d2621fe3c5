// What etcd's client throws, as errors of this package.
import { PuntError } from "../../errors.js";

/** gRPC's codes of a call whose outcome is unknown: etcd may have done it. */
const UNKNOWN_OUTCOME = new Set([1, 2, 4, 8, 10, 13, 14, 15]);

/** How etcd's messages begin. gRPC's status is in front of them. */
const REFUSALS =
  /authentication failed|permission denied|user name is empty|invalid auth|not enabled|PermissionDenied/i;

/** Whether etcd may have done what the failed call asked for, or may still do it. */
export function isUnknown(error: unknown): boolean {
  return error instanceof PuntError && error.details.outcome === "unknown";
}

/** Whether etcd did not answer. */
export function isAway(error: unknown): boolean {
  return error instanceof PuntError && error.code === "ERR_ETCD_AWAY";
}

/** Whether etcd does not know the token: it was started again, or the token is too old. */
export function isStaleToken(error: unknown): boolean {
  return error instanceof PuntError && /invalid auth token/.test(error.message);
}

/** Returns the error for a call that failed. The message has neither a password nor a token: etcd's own messages have none. */
export function etcdError(op: string, endpoints: readonly string[], cause: unknown): PuntError {
  if (cause instanceof PuntError) return cause;
  const { message = String(cause), code } = cause as Error & { code?: unknown };
  const where = { endpoints };
  const text = message.split("\n")[0]!;
  if (REFUSALS.test(text))
    return new PuntError(op, "ERR_ETCD_REFUSED", `etcd at ${endpoints.join(", ")} refuses: ${text}`, where, cause);
  if (/compacted/i.test(text)) return new PuntError(op, "ERR_ETCD_COMPACTED", text, where, cause);
  const number = typeof code === "number" ? code : numberIn(text);
  if (number !== undefined && !UNKNOWN_OUTCOME.has(number))
    return new PuntError(op, "ERR_ETCD", `etcd at ${endpoints.join(", ")}: ${text}`, where, cause);
  return away(op, endpoints, text, cause);
}

export function away(op: string, endpoints: readonly string[], reason: string, cause?: unknown): PuntError {
  const message = `etcd does not answer at ${endpoints.join(", ")}: ${reason}`;
  return new PuntError(op, "ERR_ETCD_AWAY", message, { endpoints, outcome: "unknown" }, cause);
}

/** gRPC's messages begin with its code: `14 UNAVAILABLE: ...`. */
function numberIn(text: string): number | undefined {
  const [, number] = /^(\d+) [A-Z_]+:/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number);
}
