// A CNF's side, `vpp-punt/module`: a punt in one call, and the punts of a daemon.

/**
 * A CNF's side: a punt in one call, and the punts of a daemon.
 *
 * @module vpp-punt/module
 */

export { DEFAULT_DAEMON_SOCKET } from "../default-sockets.js";
export type { UdpPunt } from "../punt/index.js";
export type { CnfAnswerOptions, CnfAnswers } from "./answers.js";
export type { LocalVpp, OwnManagerOptions } from "./backing.js";
// All: a tag that hides one name of a list hides every name of it.
export * from "./connect.js";
export type { OpenPuntOptions, OpenPuntStats, SendOptions } from "./open-options.js";
export { OpenPunt, type OpenPuntEvents, openPunt } from "./open-punt.js";
export type { ConnectOptions, TlsAddress } from "./options.js";
export type { CnfPacket, ReplyOptions } from "./packets.js";
export type { BatchHandler, CnfPort } from "./ports.js";
export type { DaemonInfo, RemoteHost } from "./remote/index.js";
export type { CnfRequest } from "./request.js";
export type { CnfReason, CnfState, CnfStatus } from "./status.js";
export type { UdpEndpoint } from "./udp.js";
