// Kills VPP with requests in flight, several times.
//   lost.js ROUNDS
// Prints { "p50", "max": ms from the end of the socket to the last rejection }. Another thread sees the end of the socket.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Vpp } from "../../lib/binapi/index.js";
import { startVpp } from "../../test/support/vpp/real.js";
import { median } from "../harness/measure.js";

const rounds = Number(process.argv[2]);
const IN_FLIGHT = 10_000;
/** Records when its own connection to VPP ends. All threads have the same clock. */
const WITNESS = `
  const { parentPort, workerData } = require("node:worker_threads");
  const socket = require("node:net").connect(workerData).on("error", () => {}).resume();
  socket.on("connect", () => parentPort.postMessage(0n));
  socket.on("close", () => parentPort.postMessage(process.hrtime.bigint()));`;

const server = await startVpp();
const vpp = await Vpp.connect({ socketPath: server.apiSocket, schema: "builtin", window: 2 * IN_FLIGHT });

async function lose(): Promise<number> {
  const witness = new Worker(WITNESS, { eval: true, workerData: server.apiSocket });
  await once(witness, "message");
  process.kill(server.pid!, "SIGSTOP"); // so that VPP answers none of the requests
  let last = 0n;
  const calls = Array.from({ length: IN_FLIGHT }, () =>
    vpp.call("control_ping").then(
      () => Promise.reject(new Error("a stopped VPP has answered")),
      () => {
        last = process.hrtime.bigint();
      },
    ),
  );
  await new Promise(setImmediate);
  const ended = once(witness, "message") as Promise<[bigint]>;
  const killed = server.kill();
  await Promise.all(calls);
  const [end] = await ended;
  await killed;
  await witness.terminate();
  return Number(last - end) / 1e6;
}

const times: number[] = [];
for (let round = 0; round < rounds; round++) {
  if (round > 0) await server.start();
  await vpp.connected();
  times.push(await lose());
}
await vpp.close();
console.log(JSON.stringify({ p50: median(times), max: Math.max(...times) }));
