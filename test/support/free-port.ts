// Ports for servers of tests and benchmarks.
import { once } from "node:events";
import { createServer } from "node:net";

/** Returns a TCP port that nothing listens on now. */
export async function freePort(address = "127.0.0.1"): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
