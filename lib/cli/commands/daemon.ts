// `vpp-punt daemon`: one punt manager for many CNFs, until interrupted.
import type { CnfSocket, DaemonOptions } from "../../daemon/index.js";
import type { Host } from "../../punt/index.js";
import { logOptions } from "../output/index.js";
import { definedOnly, type EtcdFlags, etcdOptions, type ManagingOptions, managingOptions } from "../punts/index.js";
import { fileOptions, namingFile } from "./daemon-file.js";
import { idOf } from "./named-ids.js";

/** Bytes of the log that wait for a disk with room; lines beyond it are lost. */
const LONGEST_LOG = 1 << 20;

/** The port of the page unless another is given. */
const PAGE_PORT = 9474;

interface Options extends EtcdFlags, ManagingOptions {
  config?: string;
  socket?: string;
  socketMode?: number;
  socketGroup?: string;
  socketDirectory?: string;
  vpp?: string;
  statsSocket?: string;
  state?: string;
  policy?: string;
  audit?: string;
  http?: { host?: string; port: number };
  /** true: the flag alone. */
  page?: true | { host?: string; port: number };
  stonework?: string;
  stoneworkConfig?: string;
  sim?: boolean;
  interface: string[];
}

export async function run(options: Options): Promise<void> {
  const early = firstSignal();
  // A start reads the files itself. SIGHUP must not end it: what changes during the start is read afterwards.
  let reload: (() => void) | "due" | undefined;
  process.on("SIGHUP", () => {
    if (typeof reload === "function") reload();
    else reload = "due";
  });
  // Only the daemon needs the packages that speak gRPC and write logs.
  const [{ Daemon, ServiceNotifier }, { default: pino }] = await Promise.all([
    import("../../daemon/index.js"),
    import("pino"),
  ]);
  const log = pino.destination({ fd: 2, sync: true, maxLength: LONGEST_LOG });
  // The next line tries again. Without a listener, the line that a full disk refuses would throw in the middle of a change.
  log.on("error", () => {});
  const logger = pino(logOptions(pino), log);
  const { vpp, ...simulated } = options.sim ? await embedded(options) : { vpp: undefined };
  const notifier = new ServiceNotifier();
  try {
    const { config } = options;
    const file = config === undefined ? {} : await fileOptions(config);
    const asked = optionsOf(options, file, simulated);
    const start = async () => Daemon.start({ ...(await withIds(asked)), logger });
    const running = await start().catch((error) => {
      throw config === undefined ? error : namingFile(error, config, file, asked);
    });
    const { addresses, httpAddress, pageAddress } = running;
    const page = pageAddress && `http://${pageAddress}/`;
    logger.info({ addresses, http: httpAddress, page }, "the daemon listens");
    notifier.tell("READY=1");
    const isDue = reload === "due";
    reload = () => {
      running.reload().catch((error) => logger.error({ err: error }, "what could not be read stays as it was"));
    };
    if (isDue) reload();
    await Promise.race([early, stopped()]);
    logger.info({}, "the daemon stops");
    notifier.tell("STOPPING=1");
    await running.close();
  } finally {
    notifier.close();
    await vpp?.close();
  }
}

/** Resolves at a signal during the start, so that what was begun is closed. A second one ends the process: a start may wait. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

/** Resolves at SIGINT or SIGTERM. Later signals do nothing: closing always finishes. */
function stopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
  });
}

async function embedded({ interface: interfaces }: Options) {
  const [{ EmbeddedVpp }, { EmulatedHost }] = await Promise.all([
    import("../../sim/index.js"),
    import("../../punt/index.js"),
  ]);
  const names = interfaces.length > 0 ? interfaces : ["eth0", "eth1"];
  const exec = names.flatMap((name, index) => [
    `set interface state ${name} up`,
    `set interface ip address ${name} 10.${index}.0.1/24`,
  ]);
  const vpp = await EmbeddedVpp.start({ interfaces: names, exec });
  return { vpp, vppSocket: vpp.apiSocket, directory: vpp.directory, host: new EmulatedHost(vpp) as Host };
}

type Simulated = { readonly vppSocket?: string; readonly directory?: string; readonly host?: Host };

/** Options of the file, and over them those of the command line. */
function optionsOf(options: Options, file: DaemonOptions, { vppSocket, directory, host }: Simulated): DaemonOptions {
  const { socket, socketMode, socketGroup, vpp, state, policy, audit, http, page } = options;
  const given = {
    ...{ socket, socketMode, socketGroup, vppSocket: vppSocket ?? vpp, policy, audit, http },
    page: page === true ? { port: PAGE_PORT } : page,
    state: state ?? file.state ?? (directory ? undefined : "/var/lib/vpp-punt"),
    statsSocket: options.statsSocket,
    socketDirectory: options.socketDirectory ?? (directory && `${directory}/sockets`),
  };
  const simulated = definedOnly({ memifDirectory: directory && `${directory}/memif`, host });
  const manager = { ...simulated, ...managingOptions(options) };
  const stonework = definedOnly({ directory: options.stonework, config: options.stoneworkConfig });
  const etcd = { ...etcdOptions(options), ...definedOnly({ host: options.host }) };
  return {
    ...file,
    ...definedOnly(given),
    ...(Object.keys(etcd).length > 0 && { etcd: over(file.etcd, etcd) }),
    manager: mergedManager(file.manager, manager),
    ...(Object.keys(stonework).length > 0 && { stonework: over(file.stonework, stonework) }),
  } as DaemonOptions;
}

/** Returns the options with the numbers of users and groups that are given by name. */
async function withIds(options: DaemonOptions): Promise<DaemonOptions> {
  const socketGroup = await idOf("socketGroup", "group", options.socketGroup);
  return { ...options, ...definedOnly({ socketGroup, sockets: await socketsWithIds(options.sockets) }) };
}

/** A file may name the owner and the group of a CNF's socket. */
async function socketsWithIds(sockets: DaemonOptions["sockets"]): Promise<DaemonOptions["sockets"]> {
  if (!Array.isArray(sockets)) return sockets;
  const resolved = async (each: unknown, index: number) => {
    if (typeof each !== "object" || each === null) return each;
    const { owner, group } = each as CnfSocket;
    const option = `sockets[${index}]`;
    return {
      ...each,
      ...definedOnly({
        owner: await idOf(`${option}.owner`, "passwd", owner),
        group: await idOf(`${option}.group`, "group", group),
      }),
    };
  };
  return Promise.all(sockets.map(resolved)) as Promise<CnfSocket[]>;
}

/** Of `subnets` and `retry` the command line may say one field, and the file the other. */
function mergedManager(file: DaemonOptions["manager"], given: NonNullable<DaemonOptions["manager"]>) {
  const { subnets, retry } = given;
  return over(file, {
    ...given,
    ...(subnets && { subnets: over(file?.subnets, subnets) }),
    ...(retry && { retry: over(file?.retry, retry) }),
  });
}

/** Returns a group of options of the file, and over them those of the command line. Any other value of the file stays, for the daemon to refuse. */
function over<T extends object>(file: T | undefined, given: T): T {
  const isGroup = typeof (file ?? {}) === "object" && !Array.isArray(file);
  return isGroup ? { ...file, ...given } : file!;
}
