// A daemon's punts, as an application gets them.
import type { Punts } from "../punt/index.js";
import { type ConnectOptions, checkConnectOptions } from "./options.js";
import type { DaemonInfo, RemoteHost, RemotePunts } from "./remote/index.js";

/** The punts of a daemon. */
export interface DaemonPunts extends Punts {
  /** Says who the daemon takes this program for, and what the daemon is. */
  info(): Promise<DaemonInfo>;
  /**
   * Returns the hosts in etcd, for operators. The option `host` of `connectPunts` names one of them.
   *
   * @throws PuntError ERR_POLICY; ERR_UNSUPPORTED: the daemon keeps its punts in a file; ERR_ETCD_AWAY
   */
  hosts(): Promise<readonly RemoteHost[]>;
}

/**
 * Connects to a daemon: its punts through the same interface as those of a manager in this process. Does not wait for the daemon;
 * `options.wait` says how long calls do.
 *
 * @throws PuntError ERR_OPTION
 * @example
 * ```ts
 * import { connectPunts } from "vpp-punt/module";
 *
 * await using punts = await connectPunts({ wait: 10_000 });
 * for (const { id, state } of await punts.list()) console.log(id.cnf, state);
 * ```
 */
export async function connectPunts(options: ConnectOptions = {}): Promise<DaemonPunts> {
  checkConnectOptions(options);
  return remotePunts(options);
}

/** Returns the client of a daemon. The packages that speak gRPC are loaded only now. @internal */
export async function remotePunts(options: ConnectOptions): Promise<RemotePunts> {
  const { RemotePunts } = await import("./remote/index.js");
  return new RemotePunts(options);
}
