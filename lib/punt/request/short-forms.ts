// Requests that leave something out: the path of their punt socket, which the program that makes it fills in, or all but a UDP port.
import { OptionCheck } from "../../options.js";
import { hasField, type PuntRequest, type PuntRequestInput, parseRequest } from "./request.js";

type Pathless<R> = R extends { socketPath: string } ? Omit<R, "socketPath"> & { readonly socketPath?: string } : R;

/** A request. The path of its punt socket may be left out. */
export type PathlessRequestInput = Pathless<PuntRequestInput>;
/** A checked request. The path of its punt socket may be missing. */
export type PathlessRequest = Pathless<PuntRequest>;

/** Returns whether the type of the request has a punt socket, and the request does not name its path. */
export function lacksSocketPath(input: unknown): boolean {
  const { type, socketPath } = Object(input) as { readonly type?: unknown; readonly socketPath?: unknown };
  return socketPath === undefined && hasField(type, "socketPath");
}

/** Stands for the missing path while a request is checked. */
const ANY_PATH = "/-";

/** Checks a request as `parseRequest` does. The path of its punt socket may be missing, and stays so. @throws PuntError ERR_INVALID_REQUEST */
export function parsePathless(input: unknown, where?: string, op?: string): PathlessRequest {
  if (!lacksSocketPath(input)) return parseRequest(input, where, op);
  const request = parseRequest({ ...Object(input), socketPath: ANY_PATH }, where, op);
  const { socketPath: _, ...pathless } = request as PuntRequest & { socketPath: string };
  return pathless as PathlessRequest;
}

/** UDP datagrams to one port, from all of VPP's interfaces: the short form of the most common request. */
export interface UdpPunt {
  /** Label of this program. */
  readonly cnf: string;
  readonly key?: string;
  readonly label?: string;
  /** The port, 1 to 65535. */
  readonly udp: number;
  /** Default `"IPV4"`. */
  readonly af?: "IPV4" | "IPV6";
}

/**
 * Returns a request that is whole but for its CNF and the path of its punt socket. `op` is the operation that an error names.
 *
 * @throws PuntError ERR_OPTION: the short form is wrong
 */
export function expanded(given: object, op: string): object {
  if (!("udp" in given)) return given;
  const check = new OptionCheck(op, "request");
  check.known(given, ["cnf", "key", "label", "udp", "af"]);
  const { udp, af = "IPV4", ...id } = given as UdpPunt;
  const port = check.integer("udp", udp, 1, 65535);
  check.oneOf("af", af, ["IPV4", "IPV6"]);
  return { ...id, type: "PUNT_TO_SOCKET", toHost: { af, protocol: "UDP", port } };
}
