// The options of a module, and their checks.

import { type Logger, SILENT } from "../../logger.js";
import { given, OptionCheck } from "../../options.js";
import { PING_INTERVAL_MS } from "../../sockets/index.js";
import { checkedAddress, ownAddress } from "../announcement.js";
import { DEFAULT_DIRECTORY } from "../paths.js";
import { PUNT_MODEL, type StoneWorkModel } from "./models.js";

export interface StoneWorkModuleOptions {
  /** Label of the CNF: MICROSERVICE_LABEL of its container. */
  readonly label: string;
  /** StoneWork's directory, a volume that all share. Default `/run/stonework`. */
  readonly directory?: string;
  /** IPv4 address at which StoneWork reaches the module. Default: as CNF_MGMT_INTERFACE and CNF_MGMT_SUBNET say, else the first. */
  readonly address?: string;
  /** Where the four services listen. Default 0.0.0.0. */
  readonly host?: string;
  /** Port of the services. Default 0: a free one. */
  readonly grpcPort?: number;
  /** Port of `GET /scheduler/status`. Default 0: a free one. */
  readonly httpPort?: number;
  /** The models of the module's configuration. Default: one model, whose items are punts (vpppunt.Punt). */
  // biome-ignore lint/suspicious/noExplicitAny: each model has a message of its own
  readonly models?: readonly StoneWorkModel<any>[];
  /** File that keeps what StoneWork announced, which it does not repeat after the module's restart. Left out: it is forgotten. */
  readonly state?: string;
  /**
   * Milliseconds between two pings to StoneWork. A StoneWork that has not answered by the next ping is gone, as after a cut of the network.
   * The module is then announced again, at first after this time.
   * Default 10,000.
   */
  readonly pingInterval?: number;
  readonly logger?: Logger;
}

export type CheckedModuleOptions = Required<Omit<StoneWorkModuleOptions, "state">> & { readonly state?: string };

const NAMES = [
  "label",
  "directory",
  "address",
  "host",
  "grpcPort",
  "httpPort",
  "models",
  "state",
  "pingInterval",
  "logger",
];

/** @throws PuntError ERR_OPTION */
export function checkModuleOptions(options: StoneWorkModuleOptions): CheckedModuleOptions {
  const check: OptionCheck = new OptionCheck("stonework.module");
  check.known(options, NAMES);
  const { address = ownAddress() } = options;
  const full = {
    directory: DEFAULT_DIRECTORY,
    host: "0.0.0.0",
    grpcPort: 0,
    httpPort: 0,
    models: [PUNT_MODEL],
    pingInterval: PING_INTERVAL_MS,
    logger: SILENT,
    ...given(options),
  };
  check.text("label", full.label, 63, 1);
  if (!/^[\w.-]+$/.test(full.label)) check.refuse("label", "must be letters, digits, '_', '.' or '-'");
  check.path("directory", full.directory);
  check.text("host", full.host, 255, 1);
  check.integer("grpcPort", full.grpcPort, 0, 65535);
  check.integer("httpPort", full.httpPort, 0, 65535);
  check.milliseconds("pingInterval", full.pingInterval, 1);
  for (const [index, model] of check.list("models", full.models).entries()) check.object(`models[${index}]`, model);
  if (full.state !== undefined) check.path("state", full.state);
  return { ...full, address: checkedAddress(check, address) };
}
