// StoneWork on the wire, both ways: a CNF of its agent, and an orchestrator of its CNFs.

/**
 * CNFs of StoneWork's agent, and an orchestrator of its CNFs.
 *
 * @module vpp-punt/stonework
 */

export type { Logger } from "../logger.js";
export type { ItemDependency, PuntDependency } from "./dependencies.js";
export type { LearntMetadata } from "./metadata.js";
export {
  type ItemPunt,
  type LearntPunt,
  type StoneWorkAddress,
  type StoneWorkItem,
  type StoneWorkModel,
  StoneWorkModule,
  type StoneWorkModuleEvents,
  type StoneWorkModuleOptions,
} from "./module/index.js";
export {
  type CnfPlace,
  type ConnectionEnds,
  type OrchestratorOptions,
  type PuntWish,
  type StoneWorkAccess,
  type StoneWorkCall,
  type StoneWorkOptions,
  StoneWorkOrchestrator,
  type StoneWorkRights,
} from "./orchestrator/index.js";
export { DEFAULT_DIRECTORY, type PuntPaths, pathsIn, type StoneWorkPaths } from "./paths.js";
