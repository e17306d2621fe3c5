// Requests for openPunt: a punt request, or a short form of the most common one.
import { OptionCheck } from "../options.js";
import {
  expanded,
  isSameRequest,
  lacksSocketPath,
  type PathlessRequestInput,
  type PuntId,
  type PuntIdInput,
  type PuntRequestInput,
  type PuntStatus,
  parseRequest,
  parseTaken,
  type UdpPunt,
} from "../punt/index.js";

/** A request; the path of a punt socket may be left out. */
export type CnfRequest = UdpPunt | PathlessRequestInput;

/**
 * Returns the request as a manager or a daemon takes it. `socketPathOf` gives the path of a punt's socket; undefined: the daemon makes
 * the sockets.
 *
 * @throws PuntError ERR_OPTION: the short form is wrong
 */
export function fullRequest(given: CnfRequest, socketPathOf?: (id: PuntId) => string): PuntRequestInput {
  const request = expanded(given, "cnf.open") as PathlessRequestInput;
  if (socketPathOf === undefined || !lacksSocketPath(request)) return request as PuntRequestInput;
  return { ...request, socketPath: socketPathOf(fullId(request)) } as PuntRequestInput;
}

/** Tells whether a status is of this request, and not of an earlier one of the same punt. The daemon may have chosen a socket's path. */
export function isOf(request: PuntRequestInput, { request: known }: PuntStatus): boolean {
  if (request.type !== known.type) return false;
  const path = lacksSocketPath(request) && "socketPath" in known ? { socketPath: known.socketPath } : {};
  const asked = parseRequest({ ...request, ...path, cnf: known.cnf });
  return isSameRequest(asked, parseTaken(known, "request", "cnf.open"));
}

/** @throws PuntError ERR_OPTION: it is not an object */
export function checkIsRequest(request: unknown): void {
  new OptionCheck("cnf.open").object("request", request);
}

/** Returns the identity of a request, whose parts may be left out. */
export function fullId({ cnf, key = "", label = "" }: PuntIdInput): PuntId {
  return { cnf, key, label };
}
