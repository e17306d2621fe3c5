// StoneWork on the wire: translation between its messages and the punts of this package.

export {
  dependenciesFromWire,
  dependencyOfKey,
  dependencyToWire,
  type ItemDependency,
  type PuntDependency,
  puntDependencies,
} from "./dependencies.js";
export { type LearntMetadata, metadataFromWire, metadataToWire } from "./metadata.js";
export { fileDescriptor, itemKey, itemName, type Model, modelOf, packItem } from "./model.js";
export {
  type ItemPunt,
  type LearntPunt,
  PUNT_MODEL,
  type StoneWorkAddress,
  type StoneWorkItem,
  type StoneWorkModel,
  StoneWorkModule,
  type StoneWorkModuleEvents,
  type StoneWorkModuleOptions,
} from "./module/index.js";
export { type OrchestratorOptions, type StoneWorkOptions, StoneWorkOrchestrator } from "./orchestrator/index.js";
export { DEFAULT_DIRECTORY, pathsIn, type StoneWorkPaths } from "./paths.js";
export { type Identity, requestFromWire, requestToWire } from "./request.js";
export * as wire from "./wire.js";
