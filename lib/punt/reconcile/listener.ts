// The network namespace of the process that listens at a UNIX socket.
import { connect, type Socket } from "node:net";
import {
  type Descriptor,
  openNamespace,
  openPeerProcess,
  peerCredentials,
  processIsAlive,
} from "../../descriptor/index.js";

/**
 * Opens the network namespace of the process that listens at `path`. Undefined if it cannot be said: the process is in a PID namespace
 * that this process does not see, this process may not look at it, or nothing listens.
 */
export async function openListenersNamespace(path: string): Promise<Descriptor | undefined> {
  const socket = await connected(path);
  try {
    return socket && openPeersNamespace(socket);
  } finally {
    socket?.destroy();
  }
}

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path, () => resolve(socket));
    socket.on("error", () => resolve(undefined));
  });
}

function openPeersNamespace(socket: Socket): Descriptor | undefined {
  try {
    const { pid } = peerCredentials(socket);
    if (pid === 0) return undefined;
    const process = openPeerProcess(socket);
    const namespace = openNamespace(`/proc/${pid}/ns/net`);
    // If the process has ended, its pid may belong to another one.
    const isIt = process === undefined || processIsAlive(process);
    process?.close();
    if (isIt) return namespace;
    namespace.close();
    return undefined;
  } catch {
    return undefined;
  }
}
