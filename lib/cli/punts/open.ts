// Opens the punts that a command is about: those of a host in etcd, of a daemon, or of a manager of its own over VPP and a store.
import { Vpp } from "../../binapi/index.js";
import { CounterReader, type VppCounters } from "../../counters/index.js";
import { DEFAULT_DAEMON_SOCKET } from "../../default-sockets.js";
import type { DumpInterfaces } from "../../dump/index.js";
import { PuntError } from "../../errors.js";
import type { PortFilter } from "../../packet/index.js";
import {
  type Attachments,
  FileStore,
  PuntManager,
  type PuntManagerOptions,
  type PuntStatus,
  type Punts,
} from "../../punt/index.js";
import { answerTimeout, type DaemonAddress, type DaemonFlags, daemonOf, withRemote } from "./daemon.js";
import { definedOnly } from "./defined.js";
import { type EtcdFlags, type HostsLook, hostOf, requireHost, withHosts } from "./etcd.js";
import { type Explainer, explainerOfDaemon, explainerOfEtcd } from "./explainer.js";
import { interfacesOf, tagsOf } from "./interfaces.js";
import { hinted, isKept, type Unseen, unseenManager } from "./unseen.js";

/** The options of `managing` in grammar/options.ts, as Commander hands them over. */
export interface ManagingOptions {
  readonly owner?: string;
  readonly memifDirectory?: string;
  readonly policyIdPrefix?: number;
  readonly stoneworkNames?: boolean;
  readonly subnetIpv4?: string;
  readonly subnetIpv6?: string;
  readonly resyncInterval?: number;
  readonly returnTime?: number;
  readonly retryFirst?: number;
  readonly retryLongest?: number;
  readonly vppNamespace?: string;
  readonly containers?: string;
}

/** The options of `managed` in grammar/options.ts. */
export interface ManagedOptions extends ManagingOptions, EtcdFlags, DaemonFlags {
  /** Milliseconds that a command waits at most, also for an answer of the daemon. */
  readonly timeout?: number;
  /** VPP's stats socket; the default is beside its API socket. */
  readonly statsSocket?: string;
  readonly store: string;
}

export interface OpenOptions {
  /** Changes nothing. */
  readonly readOnly: boolean;
  /** Milliseconds that VPP, or the daemon, has to appear. Default 0. */
  readonly wait?: number;
  /** Ends that wait. */
  readonly signal?: AbortSignal;
}

/** The punts, and the connection to VPP whose loss a command has to notice. */
export interface Opened {
  readonly punts: Punts;
  /** Makes and removes what a command leaves to do, in words: `the daemon`. */
  readonly keeper: string;
  /** Chooses the paths of punt sockets that a request leaves out. */
  readonly choosesPaths: boolean;
  /** Resolves when the punts have the states of a look at VPP that began after the call. A daemon looks by itself. */
  look(): Promise<void>;
  /** Resolves `ms` milliseconds after VPP went away, unless it came back. */
  lost(ms: number): Promise<"lost">;
  /** Resolves with a manager in VPP whose punts are not among `punts`; absent where a daemon has the punts. */
  readonly unseen?: () => Promise<Unseen | undefined>;
  /** Resolves with whether another process keeps VPP as the punts want it; absent where a daemon does. */
  readonly isKept?: () => Promise<boolean>;
  /** Resolves with VPP's counters of the punts. */
  counters(cnf?: string): Promise<VppCounters>;
  /** Explains punts and frames as the daemon does; absent where a manager of our own has the punts. */
  readonly explainer?: Explainer;
  /** Attaches to a punt as its daemon hands its ends over; absent where it cannot, and without a daemon. */
  readonly attach?: (punt: PuntStatus, filter: PortFilter | undefined) => Promise<Attachments>;
  /** Resolves with VPP's interfaces as they are now. */
  interfaces(): Promise<DumpInterfaces>;
}

/** Returns the options of a manager that the command line names; what it does not name is left out. */
export function managingOptions(options: ManagingOptions): Partial<PuntManagerOptions> {
  const { owner, memifDirectory, policyIdPrefix, resyncInterval, returnTime, vppNamespace, containers } = options;
  const subnets = definedOnly({ ipv4: options.subnetIpv4, ipv6: options.subnetIpv6 });
  const retry = definedOnly({ firstDelay: options.retryFirst, longestDelay: options.retryLongest });
  return {
    ...definedOnly({ owner, memifDirectory, policyIdPrefix, resyncInterval, returnTime, vppNamespace, containers }),
    ...(options.stoneworkNames && { naming: "stonework" }),
    ...(Object.keys(subnets).length > 0 && { subnets }),
    ...(Object.keys(retry).length > 0 && { retry }),
  };
}

/** Returns the options of a manager over `vpp`. */
export function managerOptions(options: ManagedOptions, vpp: Vpp, readOnly: boolean): PuntManagerOptions {
  return { vpp, readOnly, store: new FileStore(options.store), ...managingOptions(options) };
}

/** Runs `body` with the hosts that a daemon reaches, and their punts. */
export async function withHostsOfDaemon<T>(
  options: ManagedOptions,
  body: (hosts: HostsLook) => Promise<T>,
): Promise<T> {
  const daemon = await daemonOf(options);
  if (daemon === undefined) throw withoutDaemon();
  return withRemote(daemon, { answerTimeout: answerTimeout(options) }, (punts) =>
    body({ all: () => punts.hosts(), listOf: (host, filter) => punts.listOf(host, filter) }),
  );
}

/** Runs `body` with the punts of a host in etcd, of the daemon, or of a manager of our own, which ends in any case. The punts stay. */
export async function withPunts<T>(
  options: ManagedOptions,
  open: OpenOptions,
  body: (opened: Opened) => Promise<T>,
): Promise<T> {
  if (options.etcd !== undefined) return withEtcd(options, body);
  const daemon = await daemonOf(options);
  if (daemon !== undefined) return withDaemon(daemon, options, open, body);
  if (options.host !== undefined) throw withoutDaemon();
  return withManager(options, open, body);
}

/** Codes of errors that a name of no host gives. */
const LACKING = new Set(["ERR_NO_SUCH_PUNT", "ERR_NOT_LEADER", "ERR_NOT_READY"]);

async function withEtcd<T>(options: ManagedOptions, body: (opened: Opened) => Promise<T>): Promise<T> {
  return withHosts(options, async (hosts) => {
    const host = await hostOf(options, hosts);
    const { punts } = hosts.of(host);
    // The daemon of the host looks at VPP by itself, and calls reject when etcd goes away.
    const lost = () => new Promise<never>(() => {});
    const onHost = async (): Promise<never> => {
      throw new PuntError("vpp-punt", "ERR_UNSUPPORTED", "etcd does not have the interfaces: ask the host's daemon");
    };
    const explainer = explainerOfEtcd(punts);
    const counters = async (cnf?: string) => (await punts.counters(cnf)) as VppCounters;
    const keeper = "the host's daemon";
    const choosesPaths = false;
    const look = async () => {};
    return body({ punts, keeper, choosesPaths, look, counters, explainer, lost, interfaces: onHost }).catch(
      async (error) => {
        if (LACKING.has(error?.code)) requireHost(host, await hosts.all());
        throw error;
      },
    );
  });
}

/** A host was named, and nothing that reaches it. */
function withoutDaemon(): PuntError {
  const message = `option host needs etcd (--etcd), or a daemon that keeps its punts there: none listens at ${DEFAULT_DAEMON_SOCKET}`;
  return new PuntError("vpp-punt", "ERR_OPTION", message, { option: "host" });
}

async function withDaemon<T>(
  daemon: DaemonAddress,
  options: ManagedOptions,
  { wait = 0, signal }: OpenOptions,
  body: (opened: Opened) => Promise<T>,
): Promise<T> {
  const how = { wait, answerTimeout: answerTimeout(options), ...definedOnly({ host: options.host }) };
  return withRemote(daemon, how, async (punts) => {
    if (wait > 0) await unlessAborted(punts.info(), signal);
    // Its calls reject when the daemon goes away.
    const interfaces = async () => {
      await punts.interfaces.known;
      return punts.interfaces;
    };
    const counters = (cnf?: string) => punts.counters(cnf === undefined ? {} : { cnf });
    const lost = () => new Promise<never>(() => {});
    const explainer = explainerOfDaemon(punts);
    const attach = (punt: PuntStatus, filter: PortFilter | undefined) => {
      const filtered = definedOnly({ filter });
      return punts.handovers.attach(punt, { memif: filtered, puntSocket: filtered }, filtered);
    };
    // Descriptors come by a UNIX socket only.
    const handed = "socket" in daemon && { attach };
    const keeper = "the daemon";
    const choosesPaths = true;
    const look = async () => {};
    return body({ punts, keeper, choosesPaths, look, counters, explainer, ...handed, lost, interfaces });
  });
}

/** Resolves as `answer` does. @throws the signal's reason, as soon as it aborts */
async function unlessAborted(answer: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  await Promise.race([answer, aborted]);
}

async function withManager<T>(
  options: ManagedOptions,
  { readOnly, wait = 0, signal }: OpenOptions,
  body: (opened: Opened) => Promise<T>,
): Promise<T> {
  const socketPath = (options.vpp ?? options.socket)!;
  const vpp = await Vpp.connect({ socketPath, wait, ...(signal && { signal }) });
  let tags = new Map<string, number>();
  const reader = new CounterReader({
    indexOf: (tag) => tags.get(tag),
    vppSocket: socketPath,
    statsSocket: options.statsSocket,
  });
  const unseen = () => unseenManager(vpp, options);
  let manager: PuntManager | undefined;
  try {
    manager = await PuntManager.start(managerOptions(options, vpp, readOnly));
    const interfaces = () => interfacesOf(vpp);
    const running = manager;
    const counters = async (cnf?: string) => {
      tags = await tagsOf(vpp);
      return reader.read(running.list(cnf === undefined ? {} : { cnf }));
    };
    const look = () => running.resync();
    const keeper = "a manager over the same store";
    const choosesPaths = false;
    const lost = (ms: number) => lossOf(vpp, ms);
    const others = { unseen, isKept: () => isKept(vpp, options) };
    return await body({ punts: manager, keeper, choosesPaths, look, counters, lost, interfaces, ...others });
  } catch (error) {
    throw await hinted(error, unseen);
  } finally {
    reader.close();
    await manager?.close();
    await vpp.close();
  }
}

function lossOf(vpp: Vpp, ms: number): Promise<"lost"> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const begin = () => {
      timer ??= setTimeout(resolve, ms, "lost").unref();
    };
    vpp.on("disconnected", begin);
    vpp.on("connected", () => {
      clearTimeout(timer);
      timer = undefined;
    });
    if (!vpp.isConnected) begin();
  });
}
