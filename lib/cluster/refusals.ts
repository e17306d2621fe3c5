// The errors with which a daemon of a cluster refuses a call.
import { PuntError } from "../errors.js";

export function etcdAway(op: string, endpoints: readonly string[], consequence: string): PuntError {
  const message = `etcd does not answer at ${endpoints.join(", ")}: ${consequence}`;
  return new PuntError(op, "ERR_ETCD_AWAY", message, { endpoints });
}
