// The errors with which a daemon of a cluster refuses a call.
import { PuntError } from "../errors.js";

/** Returns a reason as the error of another operation. */
export function renamed(op: string, reason: PuntError): PuntError {
  const { code, message, details } = reason;
  const text = message.startsWith(`${reason.op}: `) ? message.slice(reason.op.length + 2) : message;
  return new PuntError(op, code, text, details, reason);
}

export function etcdAway(op: string, endpoints: readonly string[], consequence: string): PuntError {
  const message = `etcd does not answer at ${endpoints.join(", ")}: ${consequence}`;
  return new PuntError(op, "ERR_ETCD_AWAY", message, { endpoints });
}
