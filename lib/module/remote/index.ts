// The client of a daemon. It needs the packages that speak gRPC: load it when a program uses a daemon, not before.
export { type DaemonInfo, type RemoteHost, RemotePunts } from "./punts.js";
export type { SessionLife } from "./session.js";
