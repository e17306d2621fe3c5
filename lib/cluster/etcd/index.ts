// etcd, as the cluster uses it.

export type { EtcdClient } from "./clients.js";
export type { Condition, Entry, Header, Snapshot, Write } from "./entry.js";
export { isAway, isRefusedLate, isUnknown, MAKE_ROOM, wasNotSent } from "./errors.js";
export { Etcd, type EtcdCall, MOST_WRITES } from "./etcd.js";
export { Mirror, type MirrorHandlers } from "./mirror.js";
export { checkEtcdOptions, DEFAULT_PREFIX, type EtcdOptions } from "./options.js";
export type { Change } from "./watch.js";
