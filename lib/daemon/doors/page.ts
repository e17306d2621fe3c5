// The page's TCP port. It is this machine's own: the kernel says which user is at the other end of a connection.
import { createServer, type RequestListener } from "node:http";
import type { Socket } from "node:net";
import { hostPort } from "../../net/index.js";
import { listenAt } from "../../sockets/index.js";
import type { Caller } from "../identity.js";
import { type Door, type Handler, markCaller } from "./door.js";

/** Where the page is besides the UNIX sockets, and the TCP door with certificates. */
export interface PageDoorOptions {
  /** 127.0.0.1 (default), ::1 or localhost. */
  readonly host?: string;
  /** 0: a free port. Left out: no port is opened. */
  readonly port?: number;
}

/** Opens the port. @throws PuntError EADDRINUSE, EACCES or another errno name */
export async function openPageDoor(
  { host = "127.0.0.1", port }: PageDoorOptions,
  handler: Handler,
  callerAt: (socket: Socket) => Promise<Caller>,
): Promise<Door> {
  const known = new WeakMap<Socket, Promise<void>>();
  const listener = (...[request, response]: Parameters<RequestListener>) => {
    const serve = () => handler(request as never, response as never);
    void known.get(request.socket)!.then(serve, () => request.destroy());
  };
  const server = createServer(listener);
  server.on("connection", (socket) => {
    known.set(
      socket,
      callerAt(socket).then((caller) => markCaller(socket, caller)),
    );
  });
  const { address, port: actual, close } = await listenAt(server, { host, port }, "daemon.start");
  return { path: hostPort(address, actual), close };
}
