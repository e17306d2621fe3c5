// The front door of the punt manager. lib/index.ts says which of it is public.

export type { Absence, Host, HostChange, HostLink } from "../host/index.js";
export {
  EmulatedHost,
  type EmulatedInterface,
  type EmulatedInterfaces,
  type EnginePlace,
  LinuxHost,
} from "../host/index.js";
export { type AttachedPort, Attachments, type AttachOptions, attach, checkAttachOptions } from "./attach.js";
export { DefaultHost, tryDevices } from "./default-host.js";
export { ChangeLog } from "./desired/index.js";
export type { Facts, Missing, Note, VppApi, VppInterface } from "./items/index.js";
export { FEATURE_NEEDS, type FeatureNeeds, type FeatureReport, featureReports } from "./items/index.js";
export { PuntManager, type PuntManagerEvents } from "./manager.js";
export {
  type Attachment,
  type InterconnectMetadata,
  type InterfaceMetadata,
  type PuntMetadata,
  withoutSecrets,
} from "./metadata.js";
export type { PuntManagerOptions, VppConnection } from "./options.js";
export {
  checkAddOptions,
  checkApplyOptions,
  checked,
  checkOptions as checkManagerOptions,
  DEFAULT_OWNER,
  puntSocketPath,
  RETURN_TIME_MS,
} from "./options.js";
export type { PlannedPunt, PlannedStep, StepAction } from "./plan/index.js";
export { DryRun } from "./plan/index.js";
export type {
  AddOptions,
  ApplyFailure,
  ApplyOptions,
  ApplyResult,
  DeleteOptions,
  PlanChange,
  PuntFilter,
  Punts,
  WatchEvent,
  WatchOptions,
} from "./punts.js";
export type { Adoption, DeviceReport, RestoredPunt, RetryOptions, TakenObject } from "./reconcile/index.js";
export { factsOf, type ListedManager, listedManagers, otherManager } from "./reconcile/index.js";
export type {
  AclRule,
  InterconnectType,
  NetnsRef,
  PathlessRequest,
  PathlessRequestInput,
  PuntId,
  PuntIdInput,
  PuntRequest,
  PuntRequestInput,
  PuntType,
  UdpPunt,
} from "./request/index.js";
export {
  checkSet,
  decodeText,
  expanded,
  type FileProblem,
  fileJsonSchema,
  idKey,
  idOf,
  idText,
  isSameRequest,
  knownRequest,
  lacksSocketPath,
  loadRequests,
  noSuchPunt,
  PUNT_TYPES,
  type PuntSet,
  parseCnf,
  parseId,
  parsePathless,
  parsePathlessRequests,
  parseRequest,
  parseRequests,
  parseSet,
  parseTaken,
  puntExists,
  readText,
  requestJsonSchema,
  requireOneCnf,
  withCnf,
} from "./request/index.js";
export type { Degradation, PuntEvent, PuntFailure, PuntState, PuntStatus } from "./state.js";
export { deletedError, failedError, failureText, isMade, lateError } from "./state.js";
export {
  FileStore,
  type ManagerIdentity,
  MemoryStore,
  type Store,
  type StoredState,
  StoreLock,
} from "./store/index.js";
export {
  type PortReach,
  type Reach,
  type ReceivedFrame,
  reachOf,
  STAGES,
  type Stage,
  type Taking,
  takingOf,
} from "./types/index.js";
