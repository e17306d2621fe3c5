// Turns errors of etcd's client into errors of this package.
import { PuntError } from "../../errors.js";

/** gRPC's codes for a call whose outcome is unknown: etcd may have made it. */
const UNKNOWN_OUTCOME = new Set([1, 2, 4, 8, 10, 13, 14, 15]);

/** The beginning of etcd's messages, before which gRPC puts its status. */
const REFUSALS =
  /authentication failed|permission denied|user name is empty|invalid auth|not enabled|PermissionDenied/i;

/** The words of refusals that share their code with calls whose outcome is unknown. */
const NO_ROOM = /etcdserver: (mvcc: database space exceeded|too many requests)/;

/** Returns whether etcd has refused a write for want of room. */
export function isNoRoom(error: unknown): boolean {
  return NO_ROOM.test(String((error as Error).message));
}

/** Returns whether etcd may have made the failed call, or may still make it. */
export function isUnknown(error: unknown): boolean {
  return error instanceof PuntError && error.details.outcome === "unknown";
}

/** Returns whether etcd refused a write that it may have made: the write which fills it is made and refused. */
export function isRefusedLate(error: unknown): boolean {
  return error instanceof PuntError && error.code === "ERR_ETCD" && isNoRoom(error);
}

/** Returns whether etcd did not answer. */
export function isAway(error: unknown): boolean {
  return error instanceof PuntError && error.code === "ERR_ETCD_AWAY";
}

/** Returns whether a call that etcd did not answer had no connection: etcd did not get it. */
export function wasNotSent(error: unknown): boolean {
  return isAway(error) && /No connection established/.test(String((error as Error).cause));
}

/** Returns whether etcd does not know the token: etcd was restarted, or the token is too old. */
export function isStaleToken(error: unknown): boolean {
  return error instanceof PuntError && /invalid auth token/.test(error.message);
}

/** The error of the socket in gRPC's message about a connection that it did not get. */
const LAST_ERROR = /Last error: (?:Error: )?(.*?)\.? Resolution note:/;

/** Returns the error for a call that failed. Its message has neither a password nor a token, because etcd's messages have none. */
export function etcdError(op: string, endpoints: readonly string[], cause: unknown): PuntError {
  if (cause instanceof PuntError) return cause;
  const { message = String(cause), code } = cause as Error & { code?: unknown };
  const where = { endpoints };
  const text = message.split("\n")[0]!;
  if (REFUSALS.test(text))
    return new PuntError(op, "ERR_ETCD_REFUSED", `etcd at ${endpoints.join(", ")} refuses: ${text}`, where, cause);
  if (/compacted/i.test(text)) return new PuntError(op, "ERR_ETCD_COMPACTED", text, where, cause);
  const number = typeof code === "number" ? code : numberIn(text);
  if (number !== undefined && (NO_ROOM.test(text) || !UNKNOWN_OUTCOME.has(number)))
    return new PuntError(
      op,
      "ERR_ETCD",
      `etcd at ${endpoints.join(", ")}: ${text}`,
      { ...where, ...remedy(text) },
      cause,
    );
  return away(op, endpoints, text, cause);
}

/** The operator's way out where etcd has no room. */
export const MAKE_ROOM =
  "`etcdctl compact <revision>` and `etcdctl defrag` make room; then `etcdctl alarm disarm` lets etcd take writes again";

function remedy(text: string): { remedy?: string } {
  return /space exceeded/.test(text) ? { remedy: MAKE_ROOM } : {};
}

export function away(op: string, endpoints: readonly string[], text: string, cause?: unknown): PuntError {
  const last = LAST_ERROR.exec(text)?.[1] ?? text;
  // gRPC has no error of a connection that was closed before its first failure.
  const reason = last === "null" ? "no connection" : last;
  const distrust = distrustIn(reason);
  const message = `etcd does not answer at ${endpoints.join(", ")}: ${distrust ?? reason}`;
  const details = { endpoints, outcome: "unknown", ...(distrust !== undefined && { remedy: CERTIFICATES }) };
  return new PuntError(op, "ERR_ETCD_AWAY", message, details, cause);
}

const CERTIFICATES =
  "`openssl x509 -in FILE -noout -subject -issuer -dates -ext subjectAltName` shows what a certificate says; a daemon reads its files again at SIGHUP";

/** Returns which side does not trust the other's certificate; undefined for another reason. */
function distrustIn(reason: string): string | undefined {
  const [, alert] = /alert ([^:]*(?:certificate|unknown ca)[^:]*):/.exec(reason) ?? [];
  if (alert !== undefined) return `it refuses this program's certificate, or wants one (${alert})`;
  return /certificate/.test(reason) ? `its certificate is not trusted: ${reason}` : undefined;
}

/** gRPC's messages begin with its code: `14 UNAVAILABLE: ...`. */
function numberIn(text: string): number | undefined {
  const [, number] = /^(\d+) [A-Z_]+:/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number);
}
