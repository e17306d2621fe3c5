// The options and the events of a daemon in a cluster.
import type { PuntError } from "../errors.js";
import type { PuntEvent, PuntIdInput, PuntManagerEvents, PuntManagerOptions } from "../punt/index.js";
import type { Etcd, EtcdCall, EtcdOptions } from "./etcd/index.js";
import type { Changes } from "./forwarded.js";
import type { Explainer } from "./question.js";

export interface ClusterOptions extends EtcdOptions {
  /** Label of the host. Daemons with the same label serve the same VPP, and one of them acts for it. */
  readonly host: string;
  /** Name of this daemon in messages. Default: the host's name and the process's id. */
  readonly name?: string;
  /** Seconds within which another daemon takes over, 4 to 600. Default 8. */
  readonly lease?: number;
}

export interface ClusterStart {
  readonly cluster: ClusterOptions;
  /** Opens the connection to etcd, which the daemon closes. Default: `Etcd.open`. */
  readonly connect?: (options: EtcdOptions) => Promise<Etcd>;
  readonly manager: Omit<PuntManagerOptions, "store" | "readOnly">;
  /** Folder in which this daemon keeps what it knows of etcd's history. */
  readonly state: string | undefined;
  /** @throws PuntError ERR_STORE_LOST: the files of that folder may be another daemon's now, and are not written */
  readonly requireState?: () => void;
  /** Where this daemon listens. */
  readonly addresses: readonly string[];
  /** Answers programs elsewhere that ask for the way of packets. */
  readonly explainer?: Explainer;
  /** Returns how changes are made that come by way of etcd. Left out: as they are asked for. */
  readonly lasting?: (changes: Changes) => Changes;
  problem(error: PuntError): void;
}

/** "other-vpp": the daemon that acts has another VPP than this one. */
export type Role = "leader" | "standby" | "cut-off" | "halted" | "other-vpp";

/** A daemon's role for its host, and the daemon that acts. */
export interface ClusterRole {
  readonly host: string;
  readonly role: Role;
  /** Name of the daemon that acts, as far as this one knows; "" where none does. */
  readonly daemon: string;
  readonly addresses: readonly string[];
  /** Where etcd is. */
  readonly endpoints: readonly string[];
  /** Whether this daemon follows etcd now. It takes 10 seconds to find out that etcd is silent. */
  readonly isReached: boolean;
  /** The reason why this daemon may not act, as far as it is known. */
  readonly problem?: PuntError | undefined;
  /** Seconds for which this daemon may still act without an answer of etcd; undefined if it does not lead. */
  readonly leaseSeconds: number | undefined;
}

/** A call that reached this daemon by etcd. */
export interface AskedChange {
  /** The asker, as the daemon or the command that passed it on says. */
  readonly by: string;
  /** The daemon that passed it on, or `etcd` where the asker wrote to etcd itself. */
  readonly through: string;
  /** The call: `add`, `update`, `delete`, `apply`, `plan`, `explain`, `counters` or `explainFrames`. */
  readonly call: string;
  readonly punts: readonly PuntIdInput[];
  /** Absent where the call succeeded. */
  readonly error?: PuntError;
}

export interface ClusterEvents {
  /** This daemon's present role. */
  role: [Role];
  /** A punt appeared, changed its state, or disappeared. `from` is undefined if the punt is new to this daemon. */
  punt: [Pick<PuntEvent, "id" | "from" | "to">];
  /** This daemon has made or refused a call that reached it by etcd. */
  asked: [AskedChange];
  /** etcd has answered a call, or has not. */
  etcd: [call: EtcdCall, ms: number, isAnswered: boolean];
  /** A comparison with VPP has ended. */
  pass: PuntManagerEvents["pass"];
}
