// Opens sockets that are to be handed to another process.
import { rmSync } from "node:fs";
import { PuntError } from "../errors.js";
import { native } from "../native.js";
import { Descriptor } from "./descriptor.js";
import { type Namespace, withNamespace } from "./namespace.js";
import { DescriptorCheck } from "./options.js";

/**
 * Connects to a memif server's control socket. The handshake is left to the receiver of the descriptor.
 *
 * @throws PuntError `ERR_OPTION`; `ENOENT`, `ECONNREFUSED`; `EAGAIN` when the server's queue is full
 */
export function connectMemifControl(path: string): Descriptor {
  const op = "memif.connect";
  return Descriptor.of(native.connectUnix(op, new DescriptorCheck(op).socketPath("path", path), "seqpacket"));
}

export interface BoundPuntSocketOptions {
  /** Absolute path to receive at: what is registered with VPP. */
  readonly path: string;
  /** VPP's punt socket, which the new socket is connected to. Left out: it takes packets from all who may write to the file. */
  readonly vppPath?: string;
  /** Permissions of the socket file. Default 0o660. */
  readonly mode?: number;
  /** Group of the socket file, by name or number. Default: the process's group. */
  readonly group?: string | number;
  /** Takes the path over from a living process. */
  readonly replace?: boolean;
}

const BIND = "descriptor.bind";

/**
 * Opens a datagram socket that receives VPP's punted packets at a path. The file stays when the descriptor, or the process,
 * goes: a receiver in another process lives on. The file of a dead process is replaced.
 *
 * @throws PuntError `ERR_OPTION`; `EADDRINUSE` when a living process receives there; `EEXIST` when something other than a
 *   socket is there; the errno name of what failed
 */
export function bindPuntSocket(options: BoundPuntSocketOptions): Descriptor {
  const check = new DescriptorCheck(BIND);
  check.known(options, ["path", "vppPath", "mode", "group", "replace"]);
  const checked = {
    path: check.socketPath("path", options.path),
    mode: check.mode(options.mode),
    group: check.groupNumber(options.group),
    vppPath: options.vppPath === undefined ? "" : check.socketPath("vppPath", options.vppPath),
  };
  try {
    return Descriptor.of(native.bindDatagram(checked));
  } catch (error) {
    if (!options.replace || !(error instanceof PuntError) || error.code !== "EADDRINUSE") throw error;
    rmSync(checked.path, { force: true });
    return Descriptor.of(native.bindDatagram(checked));
  }
}

/**
 * Removes the file of a punt socket that no process has any more. Does nothing where nothing is.
 *
 * @throws PuntError `ERR_OPTION`; `EADDRINUSE`: a process has the socket; `EEXIST` when something other than a socket is there; an
 *   errno name
 */
export function removeStalePuntSocket(path: string): void {
  native.removeStaleDatagram(new DescriptorCheck("descriptor.remove").socketPath("path", path));
}

/**
 * Connects a datagram socket to VPP's punt socket, for injecting packets.
 *
 * @throws PuntError `ERR_OPTION`; `ENOENT`, `ECONNREFUSED`, `EACCES`
 */
export function connectPuntSocket(vppPath: string): Descriptor {
  const op = "descriptor.connect";
  return Descriptor.of(native.connectUnix(op, new DescriptorCheck(op).socketPath("vppPath", vppPath), "dgram"));
}

export interface OpenPacketSocketOptions {
  /** Name of the network device. */
  readonly device: string;
  /** The network namespace that it is in. Default: this process's. */
  readonly namespace?: Namespace;
}

/**
 * Opens a packet socket (AF_PACKET) that is bound to a device. Its receiver needs no capability to set up its rings and to
 * receive: {@link PacketSocket.open} with `descriptor`.
 *
 * @throws PuntError `ERR_OPTION`; `ENODEV` when the device is not there; `EPERM` without CAP_NET_RAW; `ERR_NOT_A_NAMESPACE`
 */
export function openPacketSocket(options: OpenPacketSocketOptions): Descriptor {
  const op = "packet-socket.open";
  const check = new DescriptorCheck(op);
  check.known(options, ["device", "namespace"]);
  const device = check.deviceName("device", options.device);
  try {
    return withNamespace(op, options.namespace, (fd) => Descriptor.of(native.openPacketSocket(device, fd)));
  } catch (cause) {
    if (!(cause instanceof PuntError) || cause.code !== "EPERM") throw cause;
    const needed = options.namespace === undefined ? "CAP_NET_RAW" : "CAP_NET_RAW and CAP_SYS_ADMIN";
    const message = `a packet socket on ${device} needs root or ${needed}, or another process that hands one over`;
    throw new PuntError(op, "EPERM", message, { device }, cause);
  }
}
