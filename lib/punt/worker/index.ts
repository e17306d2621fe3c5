// The loop that makes VPP match the desired state.

export type { Adoption, DeviceReport } from "../reconcile/index.js";
export { Worker, type WorkerOptions } from "./worker.js";
