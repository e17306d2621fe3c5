// `vpp-punt hosts`: which daemon acts for each host in etcd, or what one daemon does for its host.
import type { HostInfo } from "../../cluster/index.js";
import { PuntError } from "../../errors.js";
import { DEFAULT_DAEMON_SOCKET } from "../about/index.js";
import { json, print, table, yaml } from "../output/index.js";
import { answerTimeout, type EtcdFlags, requireHost, withHosts } from "../punts/index.js";

interface Options extends EtcdFlags {
  readonly output: string;
  readonly socket?: string;
  readonly timeout: number;
}

/** A host of `hosts --json`. Fields are only added within a major version. */
interface ShownHost {
  readonly host: string;
  /** Name of the daemon that acts; "" where none does. */
  readonly daemon: string;
  readonly addresses: readonly string[];
  /** When it began to act, as ISO 8601; only from etcd. */
  readonly since?: string;
  /** Punts that are asked for; only from etcd. */
  readonly punts?: number;
  /** The role of the daemon: "leader", "standby", "cut-off", "halted" or "other-vpp". */
  readonly role?: string;
}

export async function run(options: Options): Promise<void> {
  const { output, socket = DEFAULT_DAEMON_SOCKET } = options;
  const isOne = options.etcd === undefined && !options.allHosts && options.host === undefined;
  const hosts = isOne ? [await hostOfDaemon(socket, options)] : await hostsOf(options, socket);
  if (output === "json") return print(json({ hosts }));
  if (output === "yaml") return print(yaml({ hosts }));
  print(hosts.length === 0 ? "no hosts" : hostTable(hosts, isOne));
}

async function hostsOf(options: Options, socket: string): Promise<readonly ShownHost[]> {
  const all = await (options.etcd === undefined
    ? hostsByDaemon(socket, options)
    : withHosts(options, (hosts) => hosts.all()));
  return options.host === undefined ? all : [requireHost(options.host, all)];
}

async function hostsByDaemon(socket: string, options: Options): Promise<readonly HostInfo[]> {
  const { remotePunts } = await import("../../module/index.js");
  const punts = await remotePunts({ socket, wait: 0, answerTimeout: answerTimeout(options) });
  try {
    return await punts.hosts();
  } finally {
    await punts.close();
  }
}

async function hostOfDaemon(socket: string, options: Options): Promise<ShownHost> {
  const { remotePunts } = await import("../../module/index.js");
  const punts = await remotePunts({ socket, wait: 0, answerTimeout: answerTimeout(options) });
  try {
    const { cluster } = await punts.info();
    if (cluster) return cluster;
    const message = `the daemon at ${socket} keeps its punts in a file: name etcd with --etcd, or ask another daemon`;
    throw new PuntError("vpp-punt", "ERR_UNSUPPORTED", message, { socket });
  } finally {
    await punts.close();
  }
}

function hostTable(hosts: readonly ShownHost[], isOfDaemon: boolean): string {
  const rows = hosts.map(({ host, daemon, role, since, punts, addresses }) => [
    host,
    daemon === "" ? "-" : daemon,
    ...(isOfDaemon ? [role] : [since || "-", punts]),
    addresses.join(", "),
  ]);
  return table(["HOST", "DAEMON", ...(isOfDaemon ? ["ROLE"] : ["SINCE", "PUNTS"]), "ADDRESSES"], rows);
}
