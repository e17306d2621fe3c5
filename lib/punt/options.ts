// What a manager can be told.

import type { Events, RequestOf } from "../binapi/index.js";
import { PuntError } from "../errors.js";
import type { Host } from "../host/index.js";
import type { Marks } from "./interconnect/index.js";
import { fnv1a, SubnetPool } from "./interconnect/index.js";
import type { VppApi } from "./items/index.js";
import type { AddOptions } from "./punts.js";
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
  /** The Linux side. Default: this machine. */
  readonly host?: Host;
  /** Folder of the memif sockets, of this manager alone: every memif with its socket in it is taken for its own. Default `/run/vpp-punt/memif`. */
  readonly memifDirectory?: string;
  /** Networks that interconnects with addresses of their own get their subnets from. Defaults `192.168.111.0/24`, `fd76:7070:6e74::/112`. */
  readonly subnets?: { readonly ipv4?: string; readonly ipv6?: string };
  /** Highest byte of the ids of this manager's ABX and ABF policies, 0 to 255. Default 112. */
  readonly policyIdPrefix?: number;
  /** Tells several managers of one machine apart in Linux device groups, names of veth devices and ACL tags: 1 to 20 letters, digits, '-'. Default `vpp-punt`. */
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

const names: ReadonlySet<string> = new Set([
  ...[
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
  ],
]);

/** @throws PuntError `ERR_OPTION` */
export function checkOptions(options: PuntManagerOptions): void {
  requireThat(typeof options?.vpp?.call === "function", "vpp", "a connection to VPP, such as `await Vpp.connect()`,");
  const stranger = Object.keys(options).find((name) => !names.has(name));
  if (stranger !== undefined) {
    throw new PuntError("punt.start", "ERR_OPTION", `${stranger} is not an option`, { option: stranger });
  }
  const { resyncInterval, retry = {} } = options;
  const times = { resyncInterval, "retry.firstDelay": retry.firstDelay, "retry.longestDelay": retry.longestDelay };
  for (const [name, ms] of Object.entries(times)) {
    requireThat(ms === undefined || (ms > 0 && ms < 2 ** 31), name, "a number of ms above 0");
  }
}

/** @throws PuntError `ERR_OPTION` */
export function checkAddOptions(options: AddOptions): void {
  const requireIt = (condition: boolean, option: string, expected: string) =>
    requireThat(condition, option, expected, "punt.add");
  requireIt(typeof options === "object" && options !== null, "options", "an object");
  const stranger = Object.keys(options).find((name) => name !== "waitFor" && name !== "timeout");
  requireIt(stranger === undefined, `${stranger}`, "waitFor or timeout");
  const { waitFor, timeout = 0 } = options;
  requireIt(waitFor === undefined || waitFor === "CREATED", "waitFor", '"CREATED"');
  requireIt(typeof timeout === "number" && timeout >= 0 && timeout < 2 ** 31, "timeout", "a number of ms from 0");
}

/** @throws PuntError `ERR_OPTION`, `INVALID_CIDR` */
export function marksOf(options: PuntManagerOptions): Marks {
  const { memifDirectory = "/run/vpp-punt/memif", policyIdPrefix = 112, owner = "vpp-punt", subnets = {} } = options;
  requireThat(
    /^\/.*[^/]$/.test(memifDirectory) && memifDirectory.length <= 90,
    "memifDirectory",
    "an absolute path of at most 90 characters",
  );
  requireThat(
    Number.isInteger(policyIdPrefix) && policyIdPrefix >= 0 && policyIdPrefix <= 255,
    "policyIdPrefix",
    "an integer from 0 to 255",
  );
  requireThat(/^[A-Za-z0-9-]{1,20}$/.test(owner), "owner", "1 to 20 letters, digits or '-'");
  return {
    owner,
    tagPrefix: `${owner}/`,
    policyPrefix: policyIdPrefix,
    memifDirectory,
    pools: {
      4: new SubnetPool(subnets.ipv4 ?? "192.168.111.0/24", 4),
      6: new SubnetPool(subnets.ipv6 ?? "fd76:7070:6e74::/112", 6),
    },
    // Below 2^31: iproute2 reads a group as a signed number.
    deviceGroup: fnv1a(owner) >>> 1,
  };
}

function requireThat(condition: boolean, option: string, expected: string, op = "punt.start"): void {
  if (!condition) throw new PuntError(op, "ERR_OPTION", `${option}: ${expected} is expected`, { option });
}
