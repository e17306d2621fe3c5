// TCP servers of this package: where they listen, and how they end.
import type { AddressInfo, Server, Socket } from "node:net";
import { PuntError } from "../errors.js";
import { hostPort } from "../net/index.js";
import { SilentConnections } from "./silent-connections.js";

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

/** Returns the open connections of a server, including connections in their TLS handshake. Ends surplus silent connections. */
function keepTrack(server: Server): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  const silent = new SilentConnections<string>();
  server.on("connection", (socket: Socket) => {
    // A socket knows its address after its end only if it was asked before.
    const key = keyOf(socket);
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    silent.add(key, socket);
  });
  server.on("secureConnection", (peer: Peer) => silent.delete(keyOf(peer)));
  server.on("request", ({ socket }: { readonly socket: Peer }) => silent.delete(keyOf(socket)));
  return open;
}

/** TLS and HTTP/2 show other objects than the connection itself, which have the same address. */
function keyOf({ remoteAddress, remotePort }: Peer): string {
  return `${remoteAddress} ${remotePort}`;
}
