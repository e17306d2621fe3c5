// The orchestrator of CNFs that were written for StoneWork.

export type {
  CnfPlace,
  ConnectionEnds,
  PuntWish,
  StoneWorkAccess,
  StoneWorkCall,
  StoneWorkRights,
} from "./access.js";
export type { OrchestratorOptions, StoneWorkOptions } from "./options.js";
export { StoneWorkOrchestrator } from "./orchestrator.js";
