// TCP servers of this package: where they listen, how many callers may stay silent, and how they end.
import type { AddressInfo, Server, Socket } from "node:net";
import { PuntError } from "./errors.js";
import { hostPort } from "./net/index.js";

/** Connections that have not asked for anything yet. One more ends the oldest: a flood of them keeps nobody out, nor takes all descriptors. */
const MOST_SILENT = 256;

/** A server that listens. */
export interface Listening {
  readonly address: string;
  readonly port: number;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

type Peer = Pick<Socket, "remoteAddress" | "remotePort">;

/** Listens. @throws PuntError of `op`: EADDRINUSE, EACCES or another errno name */
export async function listenAt(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number | undefined },
  op: string,
): Promise<Listening> {
  const open = keepTrack(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      reject(new PuntError(op, cause.code ?? "EIO", `cannot listen at ${hostPort(host, port)}`, { host, port }, cause));
    });
    server.listen(port, host, resolve);
  });
  const { address, port: actual } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of open) socket.destroy();
    });
  return { address, port: actual, close };
}

/** Returns the connections of a server, with those whose TLS handshake is not done. Ends the ones that are silent too many. */
function keepTrack(server: Server): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  const silent = new Map<string, Socket>();
  server.on("connection", (socket: Socket) => {
    // A socket knows its address after its end only if it was asked before.
    const key = keyOf(socket);
    open.add(socket);
    silent.set(key, socket);
    socket.on("close", () => {
      open.delete(socket);
      if (silent.get(key) === socket) silent.delete(key);
    });
    if (silent.size > MOST_SILENT) silent.values().next().value!.destroy();
  });
  const speaks = (peer: Peer) => silent.delete(keyOf(peer));
  server.on("secureConnection", speaks);
  server.on("request", ({ socket }: { readonly socket: Peer }) => speaks(socket));
  return open;
}

/** TLS and HTTP/2 show other objects than the connection itself, which have the same address. */
function keyOf({ remoteAddress, remotePort }: Peer): string {
  return `${remoteAddress} ${remotePort}`;
}
