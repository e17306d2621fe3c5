// Punts of many hosts in etcd. The daemons of a host elect a leader, which acts; all others ask it.
export type { AskedChange, ClusterOptions, ClusterRole, Role } from "./cluster-options.js";
export { ClusterPunts } from "./cluster-punts.js";
export { decide } from "./decision.js";
export { DEFAULT_PREFIX, Etcd, type EtcdCall, type EtcdOptions, MAKE_ROOM } from "./etcd/index.js";
export { EtcdPunts } from "./etcd-punts.js";
export type { Changes } from "./forwarded.js";
export { type HostInfo, Hosts } from "./hosts.js";
export type { KeptValues, OfPunt } from "./kept-values.js";
export { escapePart, Keys, unescapePart } from "./keys.js";
export { checkClusterOptions } from "./options.js";
export type { Explainer } from "./question.js";
export { historyFile } from "./term.js";
