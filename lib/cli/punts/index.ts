// Punts for commands: where they are kept, which ones a command means, how their requests are read, and how they are applied and shown.
export { type Applied, applyRequests } from "./applying.js";
export { changeLine, puntLines, waitingLines } from "./change-text.js";
export { type Changes, changesOf, isChange, withKnownPaths } from "./changes.js";
export { type DaemonFlags, withAnyDaemon } from "./daemon.js";
export { definedOnly } from "./defined.js";
export { type EtcdFlags, etcdOptions, type Hosts, type HostsLook, hostOf, requireHost, withHosts } from "./etcd.js";
export type { PuntExplanation } from "./explainer.js";
export { type HandedInjection, handedInjection } from "./injection.js";
export { type FoundInterface, interfaceNamed } from "./interfaces.js";
export { lasting, look, sayUnseen } from "./looking.js";
export {
  type ManagedOptions,
  type ManagingOptions,
  managerOptions,
  managingOptions,
  type Opened,
  withHostsOfDaemon,
  withPunts,
} from "./open.js";
export { type FileOfPunts, requestOf, requestsOf } from "./requests.js";
export { explainRemedy, listed, standing, standingText, unknown } from "./standing.js";
export { type ShownPunt, shownPunt, statusText } from "./status.js";
export type { Unseen } from "./unseen.js";
export { find, identityOf, type PuntName, required } from "./which.js";
