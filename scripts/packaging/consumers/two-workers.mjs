// In two workers at once, and in the main thread besides.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import * as vppPunt from "vpp-punt";
import * as binapi from "vpp-punt/binapi";
import { exercise } from "./packets.cjs";

const workers = [1, 2].map(() => new Worker(new URL("in-worker.mjs", import.meta.url)));
const ends = workers.map((worker) => once(worker, "exit"));
await exercise(vppPunt, binapi);
for (const [code] of await Promise.all(ends)) process.exitCode ||= code;
