// Reads VPP and Linux, and performs the steps to the plan.

export { asPuntError, type Interest } from "./observe.js";
export { preview, type Reconciled, type ReconcilerHooks, reconcile } from "./reconciler.js";
export { Retries, type RetryOptions } from "./retries.js";
export type { RunContext } from "./run.js";
export { Strays } from "./strays.js";
