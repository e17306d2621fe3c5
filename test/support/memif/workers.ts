// Starts and ends threads that have memif ports, and has none itself: the addon is unloaded with each of them.
// Usage: memif-workers <socket> <ending> <rxMode> <how many>
import { once } from "node:events";
import { Worker } from "node:worker_threads";

const [socket, ending, rxMode, rounds] = process.argv.slice(2) as [string, string, string, string];

for (let i = 0; i < Number(rounds); i++) {
  const worker = new Worker(new URL("./worker.js", import.meta.url), {
    workerData: { socket: `${socket}.${i}`, ending, rxMode },
  });
  const ended = new Promise<void>((resolve) => void worker.once("exit", () => resolve()));
  worker.on("error", (error: Error) => {
    if (error.message !== ending) throw error;
  });
  if (ending === "terminate") await once(worker, "message").then(() => worker.terminate());
  await ended;
}
console.log("all ended");
