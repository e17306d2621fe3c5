// The loop that makes VPP match the desired state.

export type { Adoption, DeviceReport, RestoredPunt } from "../reconcile/index.js";
export { type Pass, Worker, type WorkerOptions } from "./worker.js";
