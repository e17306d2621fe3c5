// The loop that makes VPP match the desired state.

export { Worker, type WorkerOptions } from "./worker.js";
