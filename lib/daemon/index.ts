// The daemon: one punt manager for many CNFs, over gRPC.

/**
 * The daemon, for programs that run it themselves.
 *
 * @module vpp-punt/daemon
 */

export type { ClusterOptions, EtcdOptions } from "../cluster/index.js";
export { DEFAULT_DAEMON_SOCKET } from "../default-sockets.js";
export type { Logger } from "../logger.js";
export type { CnfSocket } from "./cnf-sockets.js";
export { Daemon } from "./daemon.js";
export type { HttpDoorOptions, PageDoorOptions, TlsDoorOptions } from "./doors/index.js";
export type {
  Caller,
  CertificateName,
  CertificateNameKind,
  PageCaller,
  PeerCredentials,
  StoneWorkCaller,
  TlsCaller,
  UnixCaller,
} from "./identity.js";
export { ServiceNotifier } from "./notify.js";
export type { DaemonOptions } from "./options.js";
export { loadPolicy, type PolicyIssue, parsePolicy, type Rule } from "./policy/index.js";
