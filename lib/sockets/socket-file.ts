// The file of an AF_UNIX socket that a dead process left behind. Node's servers do not replace such a file.
import { chmodSync, chownSync, closeSync, constants, fstatSync, openSync, renameSync, statSync } from "node:fs";
import { lstat, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { PuntError } from "../errors.js";

/** Whether a living process listens at a path. */
export function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", ({ code }: NodeJS.ErrnoException) => resolve(code !== "ECONNREFUSED" && code !== "ENOENT"));
  });
}

/** Linux's O_PATH, for which Node.js has no name. */
const O_PATH = 0o10000000;

/** The rights to a socket's file. What is left out stays as it is. */
export interface SocketRights {
  readonly owner?: number | undefined;
  readonly group?: number | undefined;
  readonly mode?: number | undefined;
}

/**
 * Gives the file of this process's socket its owner and group, and then its mode. A link that another user has put in its place is not
 * followed.
 *
 * @throws an error of Linux; EEXIST: something other than a socket of this user is there
 */
export function setSocketRights(path: string, { owner = -1, group = -1, mode }: SocketRights): void {
  const fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
  try {
    const found = fstatSync(fd);
    if (!found.isSocket() || found.uid !== process.geteuid!())
      throw Object.assign(new Error(`another file has taken the place of the socket ${path}`), { code: "EEXIST" });
    const file = `/proc/self/fd/${fd}`;
    if (owner >= 0 || group >= 0) chownSync(file, owner, group);
    if (mode !== undefined) chmodSync(file, mode);
  } finally {
    closeSync(fd);
  }
}

/** The inode of a file, until it is removed or replaced; undefined where there is none, or no way to it. */
export function inodeOf(path: string): bigint | undefined {
  try {
    return statSync(path, { bigint: true }).ino;
  } catch {
    return undefined;
  }
}

/**
 * Closes a server that listens at a path. Node.js removes whatever is at the path then: a file that is not the server's own, such as the
 * socket of another process, is put aside for that moment.
 *
 * @param own the inode of the server's file
 */
export function closeAt(path: string, own: bigint | undefined, server: Pick<Server, "close">): Promise<void> {
  return new Promise((resolve) => {
    const there = inodeOf(path);
    const isOthers = own !== undefined && there !== undefined && there !== own;
    const aside = `${path}.aside`;
    // All in one turn, so that hardly a client finds the path empty.
    const isAside = isOthers && isMoved(path, aside);
    server.close(() => resolve());
    if (isAside) isMoved(aside, path);
  });
}

/** A user who may not move a file may not remove it either. */
function isMoved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

/**
 * Removes the socket file of a dead process. Does nothing if nothing is there.
 *
 * @throws PuntError EADDRINUSE: a living process listens there; EEXIST: something other than a socket is there; an errno name
 */
export async function removeStaleSocket(op: string, path: string): Promise<void> {
  try {
    const found = await lstat(path);
    if (!found.isSocket()) throw new PuntError(op, "EEXIST", `${path} is there and is not a socket`, { path });
    if (await isListening(path)) {
      throw new PuntError(op, "EADDRINUSE", `another process listens at ${path}`, { path });
    }
    await unlink(path);
  } catch (cause) {
    if (cause instanceof PuntError) throw cause;
    const { code = "EIO" } = cause as NodeJS.ErrnoException;
    if (code !== "ENOENT") throw new PuntError(op, code, `cannot make a socket: ${path}`, { path }, cause);
  }
}
