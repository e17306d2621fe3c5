// TCP servers of this package: where they listen, and how they end.
import type { AddressInfo, Server } from "node:net";
import { PuntError } from "./errors.js";
import { hostPort } from "./net/index.js";

/** Listens, and returns the address that the server has then. @throws PuntError of `op`: EADDRINUSE, EACCES or another errno name */
export function listenAt(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number | undefined },
  op: string,
): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      reject(new PuntError(op, cause.code ?? "EIO", `cannot listen at ${hostPort(host, port)}`, { host, port }, cause));
    });
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });
}

/** Closes an HTTP server, and its connections at once. */
export function closeNow(server: Server & { closeAllConnections(): void }): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
