// Options of a manager, and of the methods of every interface of punts.

import type { EventOf, RequestOf } from "../binapi/index.js";
import { PuntError } from "../errors.js";
import type { EnginePlace, Host } from "../host/index.js";
import { isAbortSignal, OptionCheck } from "../options.js";
import {
  DEFAULT_OWNER,
  defaultMemifDirectory,
  type Marks,
  marksFor,
  puntSocketPath,
  SubnetPool,
} from "./interconnect/index.js";
import type { VppApi } from "./items/index.js";
import type { AddOptions, ApplyOptions, DeleteOptions, PlanChange, PuntFilter, WatchOptions } from "./punts.js";
import type { RetryOptions } from "./reconcile/index.js";
import type { ManagerIdentity, Store } from "./store/index.js";

export { DEFAULT_OWNER, puntSocketPath };

/** Milliseconds that programs have to ask again for their punts where nothing remembers them: they do so one after the other. */
export const RETURN_TIME_MS = 5_000;

/** A client of VPP that reconnects by itself, such as `Vpp`. */
export interface VppConnection extends VppApi {
  readonly isConnected: boolean;
  /** Whether the first connection is under way: VPP may be there. Absent: it is not under way. */
  readonly isConnecting?: boolean;
  /** Why the first connection failed, such as for want of rights to VPP's socket. Absent: not known. */
  readonly awayCause?: Error | undefined;
  /**
   * Name of the election whose winner alone sends over this connection. Managers of one election do not keep each other from VPP;
   * others of the same owner do.
   */
  readonly election?: string | undefined;
  /** Takes the name by which VPP lists the manager among its clients; undefined: it is none now. The name is the manager's alone. */
  registered?(name: string | undefined): void;
  /** Adds a listener. */
  on(event: "connected" | "disconnected", listener: () => void): unknown;
  /** Removes a listener. */
  off(event: "connected" | "disconnected", listener: () => void): unknown;
  /** Subscribes with `request` and returns the events that follow. The client subscribes again after each reconnect. */
  subscribe(
    request: "want_interface_events",
    fields: RequestOf<"want_interface_events">,
    event: "sw_interface_event",
  ): Promise<AsyncIterable<EventOf<"sw_interface_event">> & { close(): unknown }>;
}

/** Options of a manager. `memifDirectory`, `subnets`, `policyIdPrefix`, `owner` and `naming` default to the store's. */
export interface PuntManagerOptions {
  /** A connection to VPP. The caller closes it. */
  readonly vpp: VppConnection;
  /** Keeps the punts beyond the life of the manager. Default: in memory. */
  readonly store?: Store;
  /** The Linux side. Default: this machine; for an embedded VPP of another process, the emulated devices inside of that VPP. */
  readonly host?: Host;
  /**
   * A path that opens VPP's network namespace, such as `/run/netns/vpp`, for a manager that does not see VPP's process. Default: the
   * kernel says which one it is, or it is found by trying.
   */
  readonly vppNamespace?: string;
  /**
   * Path of the socket of Docker or Podman, such as `/run/docker.sock`; on a node of Kubernetes, that of its container runtime:
   * `{ cri: "/run/containerd/containerd.sock" }`. Requests may then name the CNF's network namespace by its container, as in
   * `netns: { container: "web" }`, or by its pod: `netns: { pod: "namespace/name" }`.
   */
  readonly containers?: EnginePlace;
  /**
   * Folder of the memif sockets. Default `/run/vpp-punt/memif`; for an `owner`, `/run/vpp-punt/memif-<owner>`. In another folder the names
   * of an `owner`'s sockets contain it, so that several managers may have one folder. Memifs of another folder count as another owner's: delete the punts before a change, or
   * restart VPP after it.
   */
  readonly memifDirectory?: string;
  /** Networks from which interconnects get subnets of their own. Defaults `192.168.111.0/24`, `fd76:7070:6e74::/112`. */
  readonly subnets?: { readonly ipv4?: string; readonly ipv6?: string };
  /** Highest byte of the ids of this manager's policies in VPP (plugins abx and abf), 0 to 255. Default 112; for an `owner`, a number made from its name. */
  readonly policyIdPrefix?: number;
  /**
   * Name of the manager among those of one VPP: 1 to 20 letters, digits or '-'. Every object that the manager makes in VPP and Linux
   * carries a mark of it. Default `vpp-punt`. Managers of several VPPs on one machine differ in `memifDirectory`.
   */
  readonly owner?: string;
  /**
   * `stonework`: memif sockets and secrets, and the MAC addresses of a HAIRPIN's interface, are also the same as StoneWork's punt
   * manager makes from the request, for machines that know them. A secret that follows from the request protects from nothing but
   * mistakes. Only for the default owner. Default `own`; interconnects that exist keep theirs.
   */
  readonly naming?: "own" | "stonework";
  /**
   * Milliseconds between two looks at VPP when nothing happens. Default 10,000; more where a look takes more than 50 ms of a core, so
   * that looks take half a percent of it, and at most 60,000. VPP has events for interfaces that come, go or change their state, but
   * not for addresses and VRFs of interfaces: the next look or `resync()` finds such a change.
   */
  readonly resyncInterval?: number;
  readonly retry?: RetryOptions;
  /**
   * Milliseconds, counted from the first look at VPP, for which a manager whose store has no punts leaves this owner's objects in VPP.
   * Programs ask again in that time, as modules of a daemon do, and get their objects back as they are. After it, what no punt wants is
   * deleted. Default 0; a daemon has 5,000.
   */
  readonly returnTime?: number;
  /** Makes the manager read only: `plan`, `list` and `watch` work; every method that would change VPP, Linux or the store throws. */
  readonly readOnly?: boolean;
}

/** The path of a socket file in the folder must fit into a socket address of 107 bytes. */
const LONGEST_DIRECTORY = 90;

const LONGEST_PATH = 4095;

const NAMES = [
  "vpp",
  "store",
  "host",
  "vppNamespace",
  "containers",
  "memifDirectory",
  "subnets",
  "policyIdPrefix",
  "owner",
  "naming",
  "resyncInterval",
  "retry",
  "returnTime",
  "readOnly",
];

/** @throws PuntError `ERR_OPTION`, `ERR_INVALID_CIDR` */
export function checkOptions(options: PuntManagerOptions): void {
  const check = new OptionCheck("punt.start");
  check.known(options, NAMES);
  if (typeof options.vpp !== "object" || typeof options.vpp?.call !== "function")
    check.refuse("vpp", "must be a connection to VPP, such as `await Vpp.connect()`");
  checkPart(check, "store", options.store, ["load", "save"], "a store, such as `new FileStore(path)`");
  checkPart(check, "host", options.host, ["identify", "links", "change"], "a host, such as `new LinuxHost()`");
  const { resyncInterval = 1, retry = {}, readOnly = false, subnets = {}, vppNamespace, containers } = options;
  checkContainers(check, containers);
  if (vppNamespace !== undefined) check.path("vppNamespace", vppNamespace, LONGEST_PATH);
  check.milliseconds("resyncInterval", resyncInterval, 1);
  check.milliseconds("returnTime", options.returnTime ?? 0);
  check.known(retry, ["firstDelay", "longestDelay"], "retry");
  check.milliseconds("retry.firstDelay", retry.firstDelay ?? 1, 1);
  check.milliseconds("retry.longestDelay", retry.longestDelay ?? 1, 1);
  check.boolean("readOnly", readOnly);
  check.known(subnets, ["ipv4", "ipv6"], "subnets");
  for (const family of ["ipv4", "ipv6"] as const)
    if (subnets[family] !== undefined) check.text(`subnets.${family}`, subnets[family]);
  marksOf(options);
}

/** Refuses an object without the methods of the interface. An absent one has a default. */
function checkPart(check: OptionCheck, option: string, part: unknown, methods: readonly string[], what: string): void {
  if (part === undefined) return;
  const has = (name: string) => typeof (part as Record<string, unknown> | null)?.[name] === "function";
  if (!methods.every(has)) check.refuse(option, `must be ${what}`);
}

/** @throws PuntError `ERR_OPTION` */
export function checkAddOptions(options: AddOptions, op: string): void {
  const check = new OptionCheck(op);
  check.known(options, ["waitFor", "timeout"]);
  checkWait(options, check);
}

/** @throws PuntError `ERR_OPTION` */
export function checkApplyOptions(options: ApplyOptions): void {
  const check = new OptionCheck("punt.apply");
  check.known(options, ["keep", "waitFor", "timeout"]);
  check.boolean("keep", options.keep ?? false);
  checkWait(options, check);
}

/** @throws PuntError `ERR_OPTION` */
function checkDeleteOptions(options: DeleteOptions): void {
  const check = new OptionCheck("punt.delete");
  check.known(options, ["timeout"]);
  check.milliseconds("timeout", options.timeout ?? 0);
}

function checkWait({ waitFor, timeout = 0 }: AddOptions, check: OptionCheck): void {
  if (waitFor !== undefined) check.oneOf("waitFor", waitFor, ["CREATED"]);
  check.milliseconds("timeout", timeout);
}

/** Checks of arguments that are neither requests nor options of a manager. Each function returns its argument. @throws PuntError `ERR_OPTION` */
export const checked = {
  deletion: deletedWithin,

  filter(filter: PuntFilter, op: string): PuntFilter {
    const check = new OptionCheck(op);
    check.known(filter, ["cnf"]);
    checkCnf(filter, check);
    return filter;
  },

  watch(options: WatchOptions): WatchOptions {
    const check = new OptionCheck("punt.watch");
    check.known(options, ["from", "cnf", "signal"]);
    checkCnf(options, check);
    if (options.from !== undefined) check.text("from", options.from);
    if (options.signal !== undefined && !isAbortSignal(options.signal))
      check.refuse("signal", "must be an AbortSignal");
    return options;
  },

  /** The requests and identities of the change are checked later. */
  change(change: PlanChange): PlanChange {
    const check = new OptionCheck("punt.plan");
    check.known(change, ["add", "delete"]);
    for (const name of ["add", "delete"] as const) if (change[name] !== undefined) check.list(name, change[name]);
    return change;
  },

  /** Each request is checked later. */
  requests<T>(requests: readonly T[], op: string): readonly T[] {
    new OptionCheck(op).list("requests", requests);
    return requests;
  },
};

/** An empty name would mean all punts to a daemon, and none to a manager in this process. */
function checkCnf({ cnf }: PuntFilter, check: OptionCheck): void {
  if (cnf !== undefined) check.text("cnf", cnf, Number.POSITIVE_INFINITY, 1);
}

/** Returns the identity of a manager: its options, and the store's values for options that are left out. */
export function identityOf(options: PuntManagerOptions, kept: ManagerIdentity = {}): ManagerIdentity {
  const { owner, memifDirectory, policyIdPrefix, subnets, naming } = options;
  const given = {
    owner,
    memifDirectory,
    policyIdPrefix,
    naming,
    ...(subnets && { subnets: { ...kept.subnets, ...subnets } }),
  };
  return { ...kept, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}

/** @throws PuntError `ERR_OPTION`, `ERR_INVALID_CIDR` */
export function marksOf(options: ManagerIdentity): Marks {
  const { policyIdPrefix, owner = DEFAULT_OWNER, subnets = {} } = options;
  const check = new OptionCheck("punt.start");
  if (!/^[A-Za-z0-9-]{1,20}$/.test(check.text("owner", owner)))
    check.refuse("owner", `must be 1 to 20 letters, digits or '-'; got ${JSON.stringify(owner)}`);
  const naming = check.oneOf("naming", options.naming ?? "own", ["own", "stonework"]);
  if (naming === "stonework" && owner !== DEFAULT_OWNER) check.refuse("naming", "is for the default owner only");
  const { memifDirectory = defaultMemifDirectory(owner) } = options;
  const isDefault = owner === DEFAULT_OWNER || memifDirectory === defaultMemifDirectory(owner);
  check.path("memifDirectory", memifDirectory, LONGEST_DIRECTORY - (isDefault ? 0 : `${owner}-`.length));
  if (!/^\/.*[^/]$/.test(memifDirectory))
    check.refuse("memifDirectory", "must be a folder's path without a / at its end");
  if (policyIdPrefix !== undefined) check.integer("policyIdPrefix", policyIdPrefix, 0, 255);
  const pools = {
    4: new SubnetPool(subnets.ipv4 ?? "192.168.111.0/24", 4),
    6: new SubnetPool(subnets.ipv6 ?? "fd76:7070:6e74::/112", 6),
  };
  return marksFor(owner, memifDirectory, pools, policyIdPrefix, naming === "stonework");
}

function checkContainers(check: OptionCheck, place: EnginePlace | undefined): void {
  if (place === undefined) return;
  if (typeof place === "string") {
    check.socketPath("containers", place);
    return;
  }
  check.known(place, ["cri"], "containers");
  check.socketPath("containers.cri", place.cri);
}

/**
 * Deletes a punt, and waits no longer than the options say.
 *
 * @throws PuntError `ERR_OPTION`; `ETIMEDOUT`: the deletion goes on; otherwise as the deletion
 */
async function deletedWithin(name: string, options: DeleteOptions, body: () => Promise<void>): Promise<void> {
  checkDeleteOptions(options);
  const { timeout } = options;
  if (timeout === undefined) return body();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `punt ${name} is not deleted after ${timeout} ms; the deletion goes on`;
    const error = () => new PuntError("punt.delete", "ETIMEDOUT", message);
    timer = setTimeout(() => reject(error()), timeout);
  });
  await Promise.race([body(), late]).finally(() => clearTimeout(timer));
}
