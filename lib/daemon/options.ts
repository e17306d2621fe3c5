// The options of a daemon, and their checks.

import { dirname, join } from "node:path";
import { type ClusterOptions, checkClusterOptions } from "../cluster/index.js";
import { DEFAULT_DAEMON_SOCKET, DEFAULT_SOCKET_DIRECTORY, DEFAULT_VPP_SOCKET } from "../default-sockets.js";
import { type Logger, SILENT } from "../logger.js";
import { given, OptionCheck } from "../options.js";
import type { PuntManagerOptions } from "../punt/index.js";
import type { StoneWorkOptions } from "../stonework/index.js";
import { type CnfSocket, checkCnfSockets } from "./cnf-sockets.js";
import type { HttpDoorOptions, PageDoorOptions, TlsDoorOptions } from "./doors/index.js";
import type { CredentialReader } from "./identity.js";
import { checkStoneWork } from "./stonework-options.js";

export interface DaemonOptions {
  /** Path of the UNIX socket. Default {@link DEFAULT_DAEMON_SOCKET}. */
  readonly socket?: string;
  /** Path of the socket that hands over descriptors. Default: `attach.sock` beside `socket`. */
  readonly attachSocket?: string;
  /** Permissions of the sockets. Default 0o660. */
  readonly socketMode?: number;
  /** Group id of the socket, whose members are operators unless a policy says otherwise. Default: the process's group. */
  readonly socketGroup?: number;
  /**
   * Sockets of single CNFs. Their callers are the CNF that the socket is for and never operators, whatever user they are. A policy's rules
   * still limit them.
   */
  readonly sockets?: readonly CnfSocket[];
  /** VPP's API socket. Default `/run/vpp/api.sock`. VPP may come later. */
  readonly vppSocket?: string;
  /** VPP's stats socket. Default: `stats.sock` beside `vppSocket`. */
  readonly statsSocket?: string;
  /** Folder of what the daemon must remember. Left out: it remembers nothing. */
  readonly state?: string;
  /**
   * Keep punts in etcd instead of `state`, for the host of that label. Several daemons may have one label and one VPP: one of them acts.
   * The daemon that acts listens at `socket`; one with the same path waits, one with another path serves reads there.
   */
  readonly etcd?: ClusterOptions;
  /** The policy file. Left out: each user has its own space of CNFs, and uid 0 and the socket's group are operators. */
  readonly policy?: string;
  /** File of the audit log, which gets a JSON line for each call. */
  readonly audit?: string;
  /** Listen on TCP too, with certificates on both sides. Needs a policy. */
  readonly tls?: TlsDoorOptions;
  /** Serve /livez, /readyz and /metrics over HTTP. Left out: no port is opened. */
  readonly http?: HttpDoorOptions;
  /**
   * Serve the page: at the UNIX sockets, at the TCP door of option `tls`, and with `port` at that port of this machine, where the kernel says
   * which user asks.
   */
  readonly page?: PageDoorOptions;
  /** Folder of the punt sockets that the daemon makes. Default `/run/vpp-punt/sockets`. */
  readonly socketDirectory?: string;
  /** Milliseconds that an event may wait for a watcher before that is dropped. Default 30,000. */
  readonly watcherPatience?: number;
  /** Milliseconds that calls under way may take when the daemon stops. Default 5,000. */
  readonly drainTime?: number;
  /** Options of the manager but those above. */
  readonly manager?: Omit<PuntManagerOptions, "vpp" | "store" | "readOnly">;
  /**
   * Orchestrate CNFs that were written for StoneWork. Their calls come over TCP without authentication, as StoneWork has it: the policy knows
   * them by `address`. Memif sockets are in its directory unless `manager.memifDirectory` says otherwise; `state` keeps the items.
   */
  readonly stonework?: Omit<StoneWorkOptions, "state" | "logger" | "access">;
  readonly logger?: Logger;
  /** @internal Reads a peer's credentials from the kernel. */
  readonly credentials?: CredentialReader;
}

/** Options with defaults filled in. */
export type CheckedDaemonOptions = DaemonOptions &
  Required<
    Pick<
      DaemonOptions,
      | "socket"
      | "attachSocket"
      | "socketMode"
      | "vppSocket"
      | "socketDirectory"
      | "watcherPatience"
      | "drainTime"
      | "logger"
    >
  >;

const NAMES = [
  ...[
    "socket",
    "attachSocket",
    "sockets",
    "socketMode",
    "socketGroup",
    "vppSocket",
    "statsSocket",
    "state",
    "etcd",
    "policy",
    "audit",
    "tls",
    "http",
    "page",
    "socketDirectory",
  ],
  ...["watcherPatience", "drainTime", "manager", "stonework", "logger", "credentials"],
];
/** Where nothing of another machine gets in. */
const LOOPBACK = ["127.0.0.1", "::1", "localhost"];
const TLS_NAMES = ["host", "port", "cert", "key", "ca", "pingInterval"];

/** Options of a manager that the daemon sets. */
const NOT_OF_MANAGER = {
  vpp: "is set by the daemon: option vppSocket names its VPP",
  store: "is set by the daemon: option state names its folder, or etcd its servers",
  readOnly: "does not go with a daemon; a rule of the policy may be readOnly",
};

/** @throws PuntError ERR_OPTION: an option is wrong; `details.option` says which */
export function checkDaemonOptions(options: DaemonOptions): CheckedDaemonOptions {
  const check = new OptionCheck("daemon.start");
  check.known(options, NAMES);
  const { socket = DEFAULT_DAEMON_SOCKET } = options;
  const full = {
    socket,
    attachSocket: join(dirname(check.socketPath("socket", socket)), "attach.sock"),
    socketMode: 0o660,
    vppSocket: DEFAULT_VPP_SOCKET,
    socketDirectory: DEFAULT_SOCKET_DIRECTORY,
    watcherPatience: 30_000,
    drainTime: 5_000,
    logger: SILENT,
    ...given(options),
  };
  check.socketPath("attachSocket", full.attachSocket);
  check.socketPath("vppSocket", full.vppSocket);
  if (full.statsSocket !== undefined) check.socketPath("statsSocket", full.statsSocket);
  // A socket's name there takes 30 characters.
  check.path("socketDirectory", full.socketDirectory, 77);
  check.integer("socketMode", full.socketMode, 0, 0o777);
  if (full.socketGroup !== undefined) check.integer("socketGroup", full.socketGroup, 0, 2 ** 32 - 2);
  check.milliseconds("watcherPatience", full.watcherPatience, 1);
  check.milliseconds("drainTime", full.drainTime);
  for (const name of ["state", "policy", "audit"] as const) if (full[name] !== undefined) check.path(name, full[name]);
  if (full.manager !== undefined) check.without("manager", check.object("manager", full.manager), NOT_OF_MANAGER);
  checkCnfSockets(full.sockets === undefined ? [] : full.sockets, [full.socket, full.attachSocket]);
  checkTls(check, full);
  checkStoneWork(check, full);
  if (full.etcd !== undefined) checkClusterOptions(full.etcd, "daemon.start");
  checkHttp(check, full);
  checkPage(check, full);
  return full;
}

function checkTls(check: OptionCheck, { tls, policy }: DaemonOptions): void {
  if (tls === undefined) return;
  check.known(tls, TLS_NAMES, "tls");
  check.text("tls.host", tls.host, 255, 1);
  check.integer("tls.port", tls.port, 0, 65535);
  if (tls.pingInterval !== undefined) check.milliseconds("tls.pingInterval", tls.pingInterval, 1);
  for (const name of ["cert", "key", "ca"] as const) check.text(`tls.${name}`, tls[name], 4095, 1);
  if (policy === undefined) check.refuse("tls", "needs a policy, which says who may come by TCP");
}

function checkHttp(check: OptionCheck, { http }: DaemonOptions): void {
  if (http === undefined) return;
  check.known(http, ["host", "port"], "http");
  if (http.host !== undefined) check.text("http.host", http.host, 255, 1);
  check.integer("http.port", http.port, 0, 65535);
}

/** There is no password: other machines come by the door that asks for certificates. */
function checkPage(check: OptionCheck, { page }: DaemonOptions): void {
  if (page === undefined) return;
  check.known(page, ["host", "port"], "page");
  if (page.port !== undefined) check.integer("page.port", page.port, 0, 65535);
  if (page.host === undefined || LOOPBACK.includes(page.host)) return;
  check.refuse("page.host", `must be one of ${LOOPBACK.join(", ")}: other machines reach the page by the option tls`);
}
