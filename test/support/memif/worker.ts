// A thread in which packets go round between a server and a client, until it ends in the way workerData.ending says. With a
// handle it attaches to another thread's port, and sends the packets that come there back.
import { parentPort, workerData } from "node:worker_threads";
import { Memif, type MemifHandle, type MemifHandler } from "../../../lib/memif/index.js";
import { open } from "./ports.js";

const { socket, rxMode, ending, handle } = workerData as {
  socket: string;
  rxMode: "adaptive" | "interrupt" | "polling";
  ending: "terminate" | "exit" | "throw" | "throw in a handler";
  handle: MemifHandle | undefined;
};

let packets = 0;
const packet = new Uint8Array(64);

/** Sends every burst back on the same port. */
function echo(port: Memif): MemifHandler {
  return (batch) => {
    packets += batch.length;
    batch.view(0);
    if (port.send(batch) === 0) port.send(packet);
    if (packets < 200) return;
    parentPort!.postMessage("running");
    if (ending === "throw in a handler") throw new Error(ending);
  };
}

function receive(port: Memif): void {
  const handler = echo(port);
  if (rxMode !== "polling") {
    port.receive(handler);
    return;
  }
  const poll = () => {
    for (let i = 0; i < 50; i++) port.rx(0).poll(handler);
    setImmediate(poll);
  };
  poll();
}

async function pair(): Promise<void> {
  const server = open({ role: "server", socket, rxMode });
  const client = open({ role: "client", socket, rxMode, reconnectMs: 5 });
  await Promise.all([server, client].map((port) => new Promise<void>((up) => void port.once("up", () => up()))));
  receive(server);
  receive(client);
  client.send(new Array(16).fill(packet));
}

if (handle === undefined) await pair();
else receive(Memif.attach(handle));
parentPort!.postMessage("open");
if (ending === "exit" || ending === "throw") {
  setTimeout(() => {
    if (ending === "exit") process.exit(0);
    throw new Error(ending);
  }, 10);
}
