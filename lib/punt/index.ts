// The punt manager's public API.

export { EmulatedHost, type EmulatedInterface, type EmulatedInterfaces } from "../host/emulated-host.js";
export type { Host, HostChange, HostLink } from "../host/host.js";
export { LinuxHost } from "../host/linux-host.js";
export { type AttachedPort, Attachments, type AttachOptions, attach } from "./attach.js";
export type { StepAction } from "./diff.js";
export type { PlannedPunt, PlannedStep } from "./dry-run.js";
export { DryRun } from "./dry-run.js";
export { PuntManager, type PuntManagerEvents } from "./manager.js";
export type { Attachment, InterconnectMetadata, InterfaceMetadata, PuntMetadata } from "./metadata.js";
export type { AddOptions, PuntManagerOptions, VppConnection } from "./options.js";
export type { Missing } from "./problem.js";
export type {
  AclRule,
  InterconnectType,
  NetnsRef,
  PuntId,
  PuntIdInput,
  PuntRequest,
  PuntRequestInput,
  PuntType,
} from "./request.js";
export { fileJsonSchema, parseRequest, requestJsonSchema } from "./request.js";
export { loadRequests, parseRequests } from "./request-file.js";
export type { RetryOptions } from "./retries.js";
export type { PuntEvent, PuntFailure, PuntState, PuntStatus } from "./state.js";
export { FileStore, MemoryStore, type Store, type StoredState } from "./store.js";
export type { VppApi } from "./vpp-api.js";
