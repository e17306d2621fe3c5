// Sockets of single CNFs: a caller that comes by one is that CNF. They serve where neither user nor process tells CNFs apart.
import { basename, dirname, join } from "node:path";
import { OptionCheck } from "../options.js";

/** A socket of one CNF. Beside it is the socket that hands over descriptors. */
export interface CnfSocket {
  /** Path of the socket, such as `/run/vpp-punt/cnf/dns/manager.sock`. A container gets its folder, and no other. */
  readonly path: string;
  /** Label of the CNF. */
  readonly cnf: string;
  /** Permissions. Default 0o660. */
  readonly mode?: number;
  /** User and group that own the files, by number. Default: those of the daemon. */
  readonly owner?: number;
  readonly group?: number;
}

const NAMES = ["path", "cnf", "mode", "owner", "group"];
/** The same as in a request: no character of it means another one in a pattern of a policy. */
const LABEL = /^[\w.-]{1,63}$/;
const LARGEST_ID = 2 ** 32 - 2;

/** Returns the path of the socket that hands over descriptors to callers of the socket at `path`. */
export function attachPathOf(path: string): string {
  const name = basename(path, ".sock");
  return join(dirname(path), name === "manager" ? "attach.sock" : `${name}.attach.sock`);
}

/** @throws PuntError ERR_OPTION */
export function checkCnfSockets(sockets: unknown, taken: readonly string[]): void {
  const check = new OptionCheck("daemon.start");
  if (!Array.isArray(sockets)) check.refuse("sockets", "must be a list of { path, cnf, mode, owner, group }");
  const paths = new Set(taken);
  for (const [index, socket] of (sockets as CnfSocket[]).entries()) {
    const option = `sockets[${index}]`;
    check.known(socket, NAMES, option);
    const { path, cnf, mode = 0o660, owner = 0, group = 0 } = socket;
    check.socketPath(`${option}.path`, path);
    const attach = attachPathOf(path);
    check.socketPath(`${option}.path`, attach);
    if (paths.has(path) || paths.has(attach)) check.refuse(`${option}.path`, `is the path of another socket: ${path}`);
    paths.add(path).add(attach);
    if (!LABEL.test(check.text(`${option}.cnf`, cnf)))
      check.refuse(`${option}.cnf`, "must be a label: 1 to 63 letters, digits, '_', '.' or '-'");
    check.integer(`${option}.mode`, mode, 0, 0o777);
    check.integer(`${option}.owner`, owner, 0, LARGEST_ID);
    check.integer(`${option}.group`, group, 0, LARGEST_ID);
  }
}
