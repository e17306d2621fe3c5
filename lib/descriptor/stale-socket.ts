// Listening at the path of a socket file that a dead process may have left behind.
import { existsSync } from "node:fs";
import { PuntError } from "../errors.js";
import { removeStaleSocket } from "../sockets/index.js";
import { FileLock } from "./file-lock.js";

/**
 * Removes the socket file of a dead process, and calls `listen`. Of several processes that do so at the same moment one gets the path:
 * it has a lock beside the socket from the look at the old file until it listens.
 *
 * @throws PuntError EADDRINUSE: another process listens there, or is about to; EEXIST: something other than a socket is there; an errno
 *   name; or as `listen`
 */
export async function listenInPlaceOfStale<T>(op: string, path: string, listen: () => Promise<T>): Promise<T> {
  // Without a file, the kernel gives the path to one process.
  if (!existsSync(path)) return listen();
  using _ = lock(op, path);
  await removeStaleSocket(op, path);
  return await listen();
}

function lock(op: string, path: string): FileLock {
  try {
    return FileLock.acquire(`${path}.lock`);
  } catch (cause) {
    const { code, message } = cause as PuntError;
    if (code !== "ERR_LOCKED") throw new PuntError(op, code, `cannot make a socket: ${message}`, { path }, cause);
    throw new PuntError(op, "EADDRINUSE", `another process makes a socket at ${path}`, { path }, cause);
  }
}
