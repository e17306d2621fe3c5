// Ends while packets flow: in a worker that is terminated, then in the main thread, with its ports open.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Memif } from "vpp-punt";
import { frame, moveOverMemif } from "./packets.cjs";

const folder = workerData ?? mkdtempSync(join(tmpdir(), "vpp-punt-exit-"));
const { client } = await moveOverMemif({ Memif }, join(folder, `${isMainThread ? "main" : "worker"}.sock`));
const burst = Array.from({ length: 64 }, (_, i) => frame(i));
setInterval(() => client.send(burst), 0);

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: folder });
  await new Promise((resolve) => worker.once("message", resolve));
  await worker.terminate();
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  setTimeout(() => process.exit(0), 20);
} else {
  parentPort.postMessage("packets flow");
}
