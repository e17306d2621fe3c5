// The file of an AF_UNIX socket that a dead process left behind. Node's servers do not replace such a file.
import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { PuntError } from "./errors.js";

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
