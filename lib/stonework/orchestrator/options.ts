// The options of an orchestrator of StoneWork's CNFs, and their checks.

import { type Logger, SILENT } from "../../logger.js";
import { given, OptionCheck } from "../../options.js";
import type { NetnsRef, Punts } from "../../punt/index.js";
import { PING_INTERVAL_MS } from "../../sockets/index.js";
import { checkedAddress, ownAddress } from "../announcement.js";
import { DEFAULT_DIRECTORY } from "../paths.js";
import { type StoneWorkAccess, UNLIMITED } from "./access.js";

export interface StoneWorkOptions {
  /** StoneWork's directory, a volume that all share. Default `/run/stonework`. */
  readonly directory?: string;
  /**
   * IPv4 address at which CNFs reach the orchestrator. Default: `host`; where that is 0.0.0.0, as CNF_MGMT_INTERFACE and CNF_MGMT_SUBNET
   * say, else the first.
   */
  readonly address?: string;
  /**
   * Where the services listen. They are plain TCP without authentication: only addresses tell callers apart, and users on this machine.
   * Default 127.0.0.1: CNFs in network namespaces of their own need an address that they can reach. Under a daemon that needs a policy.
   */
  readonly host?: string;
  /** Default 9111; 0 is a free one. */
  readonly grpcPort?: number;
  /** Default 9191; 0 is a free one. */
  readonly httpPort?: number;
  /** YAML file in ligato's form with configuration of the CNFs. */
  readonly config?: string;
  /** File that keeps the items that were set over gRPC. Left out: a restart forgets them. */
  readonly state?: string;
  /**
   * Network namespaces of the CNFs, by label. A CNF that is not listed has its TAPs in the manager's namespace; under a daemon with
   * `manager.containers`, in that of the container with its MICROSERVICE_LABEL.
   */
  readonly netns?: Readonly<Record<string, NetnsRef>> | ((label: string) => Promise<NetnsRef | undefined>);
  /** Milliseconds that a call to a CNF may take. Default 3,000. */
  readonly deadline?: number;
  /**
   * Milliseconds between two questions whether a CNF still answers. The log and `/status/info` tell of a CNF that is stopped, or cut off
   * without a word, within this time and `deadline`. When it answers again, it hears what it missed. Default 10,000.
   */
  readonly pingInterval?: number;
  readonly logger?: Logger;
  /** Judges callers, and the punts of CNFs. Default: everything is allowed. A daemon asks its policy. */
  readonly access?: StoneWorkAccess;
}

export interface OrchestratorOptions extends StoneWorkOptions {
  /** The manager of the punts: a manager in this process, or the client of a daemon. */
  readonly punts: Punts;
  /**
   * Whether other orchestrators have punts of the same CNFs, as with daemons that share an etcd: a punt without an item here may be of an
   * item there, and stays. Default false.
   */
  readonly hasOthers?: boolean;
}

export type CheckedOptions = Required<Omit<OrchestratorOptions, "config" | "state">> &
  Pick<OrchestratorOptions, "config" | "state">;

const NAMES = [
  ...[
    "directory",
    "address",
    "host",
    "grpcPort",
    "httpPort",
    "config",
    "state",
    "netns",
    "deadline",
    "pingInterval",
    "logger",
    "access",
  ],
  ...["punts", "hasOthers"],
];

/** @throws PuntError ERR_OPTION */
export function checkOrchestratorOptions(options: OrchestratorOptions): CheckedOptions {
  const check: OptionCheck = new OptionCheck("stonework.orchestrator");
  check.known(options, NAMES);
  const { host = "127.0.0.1" } = options;
  const { address = host === "0.0.0.0" ? ownAddress() : host } = options;
  const full = {
    directory: DEFAULT_DIRECTORY,
    host,
    grpcPort: 9111,
    httpPort: 9191,
    netns: {},
    deadline: 3_000,
    pingInterval: PING_INTERVAL_MS,
    logger: SILENT,
    access: UNLIMITED,
    hasOthers: false,
    ...given(options),
  };
  check.object("punts", full.punts);
  check.object("access", full.access);
  check.boolean("hasOthers", full.hasOthers);
  check.path("directory", full.directory);
  check.text("host", full.host, 255, 1);
  check.integer("grpcPort", full.grpcPort, 0, 65535);
  check.integer("httpPort", full.httpPort, 0, 65535);
  check.milliseconds("deadline", full.deadline, 1);
  check.milliseconds("pingInterval", full.pingInterval, 1);
  for (const name of ["config", "state"] as const) if (full[name] !== undefined) check.path(name, full[name]);
  if (typeof full.netns !== "function") check.object("netns", full.netns);
  return { ...full, address: checkedAddress(check, address) };
}
