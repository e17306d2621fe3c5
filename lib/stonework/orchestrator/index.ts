// The orchestrator of CNFs that were written for StoneWork.

export type { OrchestratorOptions, StoneWorkOptions } from "./options.js";
export { StoneWorkOrchestrator } from "./orchestrator.js";
