// TCP servers of this package: where they listen, and how they end.
import type { AddressInfo, Server, Socket } from "node:net";
import { PuntError } from "../errors.js";
import { hostPort } from "../net/index.js";
import { Quota } from "./quota.js";
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
      for (const socket of open.values()) socket.destroy();
    });
  return { address, port: actual, close };
}

/** Connections at a time of one address that have asked for something: each takes a descriptor, and many callers may share an address. */
const MOST_OF_ADDRESS = 1_024;

/** Returns the open connections of a server, by key, including connections in their TLS handshake. Ends surplus connections. */
function keepTrack(server: Server): ReadonlyMap<string, Socket> {
  const open = new Map<string, Socket>();
  const silent = new SilentConnections<string>();
  const asking = new Quota();
  server.on("connection", (socket: Socket) => {
    // A socket knows its address after its end only if it was asked before.
    const key = keyOf(socket);
    open.set(key, socket);
    socket.on("close", () => open.get(key) === socket && open.delete(key));
    silent.add(key, socket);
  });
  const asks = (peer: Peer) => {
    const key = keyOf(peer);
    const socket = open.get(key);
    if (!silent.delete(key) || !socket) return;
    const leave = asking.take([[peer.remoteAddress ?? "", MOST_OF_ADDRESS]]);
    if (leave) socket.once("close", leave);
    else socket.destroy();
  };
  server.on("secureConnection", asks);
  server.prependListener("request", ({ socket }: { readonly socket: Peer }) => asks(socket));
  return open;
}

/** TLS and HTTP/2 show other objects than the connection itself, which have the same address. */
function keyOf({ remoteAddress, remotePort }: Peer): string {
  return `${remoteAddress} ${remotePort}`;
}
