// In a worker alone: the main thread has not loaded the package.
import { once } from "node:events";
import { Worker } from "node:worker_threads";

const [code] = await once(new Worker(new URL("in-worker.mjs", import.meta.url)), "exit");
process.exitCode = code;
