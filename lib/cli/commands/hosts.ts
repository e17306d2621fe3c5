// `vpp-punt hosts`: which daemon acts for each host in etcd, or what one daemon does for its host.
import type { HostInfo } from "../../cluster/index.js";
import { PuntError } from "../../errors.js";
import { json, print, table, yaml } from "../output/index.js";
import { type DaemonFlags, type EtcdFlags, requireHost, withAnyDaemon, withHosts } from "../punts/index.js";

interface Options extends EtcdFlags, DaemonFlags {
  readonly output: string;
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
  const { output } = options;
  const isOne = options.etcd === undefined && !options.allHosts && options.host === undefined;
  const hosts = isOne ? [await hostOfDaemon(options)] : await hostsOf(options);
  if (output === "json") return print(json({ hosts }));
  if (output === "yaml") return print(yaml({ hosts }));
  print(hosts.length === 0 ? "no hosts" : hostTable(hosts, isOne));
}

async function hostsOf(options: Options): Promise<readonly ShownHost[]> {
  const all: readonly HostInfo[] = await (options.etcd === undefined
    ? withAnyDaemon(options, (punts) => punts.hosts())
    : withHosts(options, (hosts) => hosts.all()));
  return options.host === undefined ? all : [requireHost(options.host, all)];
}

function hostOfDaemon(options: Options): Promise<ShownHost> {
  return withAnyDaemon(options, async (punts, where) => {
    const { cluster } = await punts.info();
    if (cluster) return cluster;
    const message = `the daemon at ${where} keeps its punts in a file: name etcd with --etcd, or ask another daemon`;
    throw new PuntError("vpp-punt", "ERR_UNSUPPORTED", message, { address: where });
  });
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
