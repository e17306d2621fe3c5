// The process and the user at the other end of a UNIX socket, by the kernel's word.
import type { Server, Socket } from "node:net";
import { PuntError } from "../errors.js";
import { native } from "../native.js";
import { Descriptor } from "./descriptor.js";

/** A process as it was when it connected (or listened). */
export interface PeerCredentials {
  /** 0 when the process is of a PID namespace that this process does not see. */
  readonly pid: number;
  /** Ids as this process's user namespace has them; 65534 for an id that it does not map. */
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups; empty where the kernel is older than 4.13. */
  readonly groups: readonly number[];
}

/** A connected UNIX socket: its descriptor, or Node's socket over one. */
export type PeerSocket = number | Descriptor | Socket;

const OP = "descriptor.credentials";
/** The user id that Linux reports for a socket without a peer, or of another family. */
const NOBODY = 0xffffffff;

/**
 * Returns the peer's credentials (SO_PEERCRED, SO_PEERGROUPS).
 *
 * @throws PuntError `ERR_NO_PEER` when the socket is not a connected UNIX socket, or is closed; the errno name of what failed
 */
export function peerCredentials(socket: PeerSocket): PeerCredentials {
  const credentials = native.peerCredentials(fdOf(socket));
  if (credentials.uid === NOBODY) throw noPeer("the socket is not a connected UNIX socket");
  return credentials;
}

/**
 * Opens the peer's process as a pidfd (SO_PEERPIDFD), which stands for that process although its pid may be given to another.
 * Undefined where the kernel is older than 6.5, or when the process has ended.
 *
 * @throws PuntError `ERR_NO_PEER` when the socket is closed; the errno name of what failed
 */
export function openPeerProcess(socket: PeerSocket): Descriptor | undefined {
  const pidfd = native.peerPidfd(fdOf(socket));
  return pidfd && Descriptor.of(pidfd);
}

/** Tells whether the process behind a pidfd still runs. */
export function processIsAlive(pidfd: Descriptor): boolean {
  return native.processIsAlive(pidfd.fd);
}

/** Tells whether the other end of a pipe or a socket is open. Always true for a file or a terminal. */
export function hasReader(end: PeerSocket): boolean {
  return native.hasReader(fdOf(end));
}

/**
 * Makes Linux refuse messages that pass descriptors to the sockets that `server` accepts, from 6.16 on: their senders get EPERM.
 * Node.js has no use for them, and its thread would have to wait while the last descriptor of a connection that lingers is closed.
 */
export function refuseDescriptors(server: Server): void {
  native.refuseDescriptors(fdOf(server));
}

function fdOf(socket: PeerSocket | Server): number {
  if (typeof socket === "number") return socket;
  if (socket instanceof Descriptor) return socket.fd;
  // Node has no public way to the descriptor of a socket.
  const fd = (socket as { _handle?: { fd?: number } | null })?._handle?.fd;
  if (fd === undefined || fd < 0) throw noPeer("the socket is closed, or has no descriptor");
  return fd;
}

function noPeer(message: string): PuntError {
  return new PuntError(OP, "ERR_NO_PEER", message);
}
