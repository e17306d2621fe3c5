// The options of a manager and of its calls.

import type { Events, RequestOf } from "../binapi/index.js";
import type { Host } from "../host/index.js";
import { OptionCheck } from "../options.js";
import { DEFAULT_MEMIF_DIRECTORY, DEFAULT_OWNER, type Marks, marksFor, SubnetPool } from "./interconnect/index.js";
import type { VppApi } from "./items/index.js";
import type { AddOptions, ApplyOptions } from "./punts.js";
import type { RetryOptions } from "./reconcile/index.js";
import type { Store } from "./store/index.js";

/** A client that reconnects by itself, such as `Vpp`. */
export interface VppConnection extends VppApi {
  readonly isConnected: boolean;
  on(event: "connected" | "disconnected", listener: () => void): unknown;
  off(event: "connected" | "disconnected", listener: () => void): unknown;
  /** Events VPP sends after `request` was answered; asked for again after a reconnect. */
  subscribe(
    request: "want_interface_events",
    fields: RequestOf<"want_interface_events">,
    event: "sw_interface_event",
  ): Promise<AsyncIterable<Events["sw_interface_event"]> & { close(): unknown }>;
}

export interface PuntManagerOptions {
  /** A connection to VPP. It stays the caller's to close. */
  readonly vpp: VppConnection;
  /** Where punts are kept. Default: in memory. */
  readonly store?: Store;
  /** The Linux side. Default: this machine; for an embedded VPP of another process, the emulated one inside of it. */
  readonly host?: Host;
  /** Folder of the memif sockets, of this manager alone: every memif with its socket in it is taken for its own. Default `/run/vpp-punt/memif`. */
  readonly memifDirectory?: string;
  /** Networks that interconnects with addresses of their own get their subnets from. Defaults `192.168.111.0/24`, `fd76:7070:6e74::/112`. */
  readonly subnets?: { readonly ipv4?: string; readonly ipv6?: string };
  /** Highest byte of the ids of this manager's ABX and ABF policies, 0 to 255. Default 112; for another owner, a number made from it. */
  readonly policyIdPrefix?: number;
  /**
   * Tells several managers of one VPP apart, by everything that they make in VPP and Linux: 1 to 20 letters, digits or '-'. Default
   * `vpp-punt`. Managers of several VPPs on one machine are told apart by `memifDirectory`.
   */
  readonly owner?: string;
  /**
   * Milliseconds between two looks at VPP when nothing happens. Default 10,000. VPP has events for interfaces that come, go or change
   * their state, none for addresses and VRFs of interfaces: a change of those is seen by the next look, or by `resync()`.
   */
  readonly resyncInterval?: number;
  readonly retry?: RetryOptions;
  /** Only looks: `plan` and `list` work, VPP, Linux and the store stay as they are, and whatever would change them throws. */
  readonly readOnly?: boolean;
}

/** A socket file of the folder has to fit into a socket address of 107 bytes. */
const LONGEST_DIRECTORY = 90;

const NAMES = [
  "vpp",
  "store",
  "host",
  "memifDirectory",
  "subnets",
  "policyIdPrefix",
  "owner",
  "resyncInterval",
  "retry",
  "readOnly",
];

/** @throws PuntError `ERR_OPTION` */
export function checkOptions(options: PuntManagerOptions): void {
  const check = new OptionCheck("punt.start");
  check.known(options, NAMES);
  if (typeof options.vpp?.call !== "function")
    check.refuse("vpp", "must be a connection to VPP, such as `await Vpp.connect()`");
  const { resyncInterval = 1, retry = {}, readOnly = false, subnets = {} } = options;
  check.milliseconds("resyncInterval", resyncInterval, 1);
  check.known(retry, ["firstDelay", "longestDelay"], "retry");
  check.milliseconds("retry.firstDelay", retry.firstDelay ?? 1, 1);
  check.milliseconds("retry.longestDelay", retry.longestDelay ?? 1, 1);
  check.boolean("readOnly", readOnly);
  check.known(subnets, ["ipv4", "ipv6"], "subnets");
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

function checkWait({ waitFor, timeout = 0 }: AddOptions, check: OptionCheck): void {
  if (waitFor !== undefined) check.oneOf("waitFor", waitFor, ["CREATED"]);
  check.milliseconds("timeout", timeout);
}

/** @throws PuntError `ERR_OPTION`, `ERR_INVALID_CIDR` */
export function marksOf(options: PuntManagerOptions): Marks {
  const { memifDirectory = DEFAULT_MEMIF_DIRECTORY, policyIdPrefix, owner = DEFAULT_OWNER, subnets = {} } = options;
  const check = new OptionCheck("punt.start");
  check.path("memifDirectory", memifDirectory, LONGEST_DIRECTORY);
  if (!/^\/.*[^/]$/.test(memifDirectory))
    check.refuse("memifDirectory", "must be a folder's path without a / at its end");
  if (policyIdPrefix !== undefined) check.integer("policyIdPrefix", policyIdPrefix, 0, 255);
  if (!/^[A-Za-z0-9-]{1,20}$/.test(check.text("owner", owner)))
    check.refuse("owner", `must be 1 to 20 letters, digits or '-'; got ${JSON.stringify(owner)}`);
  const pools = {
    4: new SubnetPool(subnets.ipv4 ?? "192.168.111.0/24", 4),
    6: new SubnetPool(subnets.ipv6 ?? "fd76:7070:6e74::/112", 6),
  };
  return marksFor(owner, memifDirectory, pools, policyIdPrefix);
}
