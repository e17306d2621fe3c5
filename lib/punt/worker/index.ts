// The loop that keeps VPP as the punts want it.

export { Worker, type WorkerOptions } from "./worker.js";
