// Where a module finds its daemon.
import { DEFAULT_DAEMON_SOCKET } from "../default-sockets.js";
import { pemProblem } from "../net/index.js";
import { MAX_TIMEOUT_MS, OptionCheck } from "../options.js";

/** A daemon on another host, or in another container: TCP, with certificates on both sides. */
export interface TlsAddress {
  readonly host: string;
  readonly port: number;
  /** PEM texts. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** The CA that signed the daemon's certificate. */
  readonly ca: string | Buffer;
}

export interface ConnectOptions {
  /** Path of the daemon's UNIX socket. Default: the environment's VPP_PUNT_SOCKET, else {@link DEFAULT_DAEMON_SOCKET}. */
  readonly socket?: string;
  /** Instead of a socket. */
  readonly tls?: TlsAddress;
  /** How long calls wait for a daemon that is away, in milliseconds; true: for as long as it takes. Default 0: they reject. */
  readonly wait?: number | true;
  /**
   * How long a daemon that takes connections may leave a call and a ping without an answer, in milliseconds, or `wait` where that is longer.
   * Default 6,000. Then the call rejects: the daemon's process is stopped, or its host is out of reach.
   */
  readonly answerTimeout?: number;
  /**
   * The host in etcd whose punts are meant, for operators. Default: the daemon's own. Punts of other hosts are listed, planned, watched and
   * changed; they are attached on their own host.
   */
  readonly host?: string;
  /** Bind the punts that are asked for to this connection, instead of keeping them until they are deleted. */
  readonly session?: {
    readonly cnf: string;
    /** How long they stay after the connection is lost, in milliseconds, up to a day. Default 10,000. */
    readonly grace?: number;
  };
}

const NAMES = ["socket", "tls", "wait", "answerTimeout", "host", "session"];

/** @throws PuntError ERR_OPTION: an option is wrong; `details.option` says which */
export function checkConnectOptions(options: ConnectOptions): void {
  const check = new OptionCheck("punts.connect");
  check.known(options, NAMES);
  const { socket, tls, wait, answerTimeout, host, session } = options;
  if (socket !== undefined) check.socketPath("socket", socket);
  if (tls !== undefined) {
    if (socket !== undefined) check.refuse("tls", "does not go with socket");
    check.known(tls, ["host", "port", "cert", "key", "ca"], "tls");
    check.text("tls.host", tls.host, 255, 1);
    check.integer("tls.port", tls.port, 1, 65535);
    checkPem(check, tls);
  }
  if (wait !== undefined && wait !== true) check.milliseconds("wait", wait);
  if (answerTimeout !== undefined) check.integer("answerTimeout", answerTimeout, 1, MAX_TIMEOUT_MS);
  if (host !== undefined) check.text("host", host, 255, 1);
  if (session === undefined) return;
  if (host !== undefined) check.refuse("session", "does not go with host");
  check.known(session, ["cnf", "grace"], "session");
  check.text("session.cnf", session.cnf, 63, 1);
  if (session.grace !== undefined) check.integer("session.grace", session.grace, 0, 86_400_000);
}

/** A text that is no PEM would fail at each attempt to connect, as a daemon that is away does. */
function checkPem(check: OptionCheck, { cert, key, ca }: TlsAddress): void {
  for (const [name, value] of Object.entries({ cert, key, ca }))
    if (!(typeof value === "string" || Buffer.isBuffer(value)) || !value.includes("-----BEGIN"))
      check.refuse(`tls.${name}`, "must be a PEM text, and not a path");
  if (key.includes("ENCRYPTED")) check.refuse("tls.key", "has a passphrase: give a key without one");
  const problem = pemProblem({ cert, key, ca });
  if (problem) check.refuse(`tls.${problem.part}`, `cannot be used: ${problem.reason}`);
}

/** Returns the path of the daemon's socket. */
export function socketOf({ socket }: ConnectOptions): string {
  return socket ?? (process.env.VPP_PUNT_SOCKET || DEFAULT_DAEMON_SOCKET);
}
