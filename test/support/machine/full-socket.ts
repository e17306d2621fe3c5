// A server whose socket has a full queue of connections, because it accepts none.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";

/** Listens, and then never comes back to its event loop. */
const SERVER = `
const { workerData, parentPort } = require("node:worker_threads");
const listening = () => {
  parentPort.postMessage("listening");
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
};
require("node:net").createServer().listen({ path: workerData, backlog: 1 }, listening);
`;

/** Listens at `path` until the test ends. */
export async function fullSocket(t: { teardown(body: () => unknown): void }, path: string): Promise<void> {
  const server = new Worker(SERVER, { eval: true, workerData: path });
  const clients: Socket[] = [];
  t.teardown(async () => {
    for (const client of clients) client.destroy();
    await server.terminate();
  });
  await once(server, "message");
  for (;;) {
    const client = connect(path);
    clients.push(client);
    const refused = await new Promise((resolve) => client.on("connect", () => resolve(false)).on("error", resolve));
    if (refused) return;
  }
}
