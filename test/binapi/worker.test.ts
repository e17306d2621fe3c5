// A worker thread that ends closes its connection, in any state.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import test from "ava";
import { FakeVpp } from "../support/vpp/fake.js";

const PROGRAM = `
  const { workerData, parentPort } = require("node:worker_threads");
  import(workerData.client).then(async ({ Vpp }) => {
    const vpp = await Vpp.connect({ socketPath: workerData.socketPath, schema: "builtin", window: 2000 });
    for (let i = 0; i < 1000; i++) vpp.call("delete_loopback", { sw_if_index: i }).catch(() => {});
    await vpp.call("control_ping");
    parentPort.postMessage("ready");
    if (workerData.exits) process.exit(0);
  });`;

for (const exits of [true, false]) {
  test(`a worker thread that ${exits ? "exits" : "is terminated"} with requests in flight`, async (t) => {
    const server = await new FakeVpp().listen();
    t.teardown(() => server.close());
    const client = new URL("../../lib/binapi/client.js", import.meta.url).href;
    for (let round = 0; round < 3; round++) {
      const worker = new Worker(PROGRAM, { eval: true, workerData: { client, socketPath: server.socketPath, exits } });
      const exited = once(worker, "exit");
      await once(worker, "message");
      if (!exits) await worker.terminate();
      await exited;
    }
    while (server.sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    t.is(server.sockets.size, 0);
  });
}
