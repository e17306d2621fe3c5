// What a daemon of a cluster is told, and what it says of itself.
import type { PuntError } from "../errors.js";
import type { PuntEvent, PuntManagerOptions } from "../punt/index.js";
import type { EtcdOptions } from "./etcd/index.js";

export interface ClusterOptions extends EtcdOptions {
  /** Label of the host: daemons of one label have one VPP, and one of them acts for it. */
  readonly host: string;
  /** Name of this daemon in messages. Default: the host's name and the process's id. */
  readonly name?: string;
  /** Seconds within which another daemon takes over, 4 to 600. Default 8. */
  readonly lease?: number;
}

export interface ClusterStart {
  readonly cluster: ClusterOptions;
  readonly manager: Omit<PuntManagerOptions, "store" | "readOnly">;
  /** Folder of what this daemon remembers of etcd. */
  readonly state: string | undefined;
  /** Where this daemon listens. */
  readonly addresses: readonly string[];
  problem(error: PuntError): void;
}

export type Role = "leader" | "standby" | "cut-off" | "halted";

export interface ClusterEvents {
  /** What this daemon does now. */
  role: [Role];
  /** A punt came, changed its state, or went: `from` is undefined for one that is new to this daemon. */
  punt: [Pick<PuntEvent, "id" | "from" | "to">];
}
