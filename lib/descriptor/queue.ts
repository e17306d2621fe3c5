// The queue of another process's datagram socket, while that process is stopped.
import { native } from "../native.js";
import { Descriptor } from "./descriptor.js";

/**
 * Takes a UNIX datagram socket of another process, by its number there and its inode.
 *
 * @throws PuntError `EPERM`: this process may not (CAP_SYS_PTRACE, or the same user as Yama allows); `ESRCH`, `EBADF`: it is gone; `ENOSYS` before
 *   Linux 5.6
 */
export function takeDatagramSocket(pid: number, number: number, inode: number): Descriptor {
  return Descriptor.of(native.takeDescriptor(pid, number, inode));
}

/** Returns what waits in the queue, and leaves it there: at most 1,000 datagrams. No other process may read at that time. */
export function queueLength(socket: Descriptor): { datagrams: number; bytes: number } {
  const [datagrams, bytes] = native.queueLength(socket.fd);
  return { datagrams, bytes };
}

/**
 * Empties the queue. From then on the kernel refuses all that is sent to the socket (EPERM). Returns how many datagrams it has discarded.
 *
 * @throws PuntError an errno name
 */
export function blockDatagrams(socket: Descriptor): number {
  return native.blockDatagrams(socket.fd);
}

/** Connects the socket to VPP's punt socket again; with "", or without VPP, it takes packets from all. @throws PuntError an errno name */
export function unblockDatagrams(socket: Descriptor, vppPath: string): void {
  native.unblockDatagrams(socket.fd, vppPath);
}
