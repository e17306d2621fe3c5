// The punts of hosts in etcd, for commands: which etcd, which host, and who asks.
import { hostname, userInfo } from "node:os";
import type { EtcdOptions, EtcdPunts, HostInfo } from "../../cluster/index.js";
import { PuntError } from "../../errors.js";
import type { PuntFilter, PuntStatus } from "../../punt/index.js";
import { definedOnly } from "./defined.js";

/** The options of `reaching` in grammar/etcd.ts, as Commander hands them over. */
export interface EtcdFlags {
  readonly etcd?: string;
  readonly etcdPrefix?: string;
  readonly etcdCa?: string;
  readonly etcdCert?: string;
  readonly etcdKey?: string;
  readonly etcdUser?: string;
  readonly etcdPasswordFile?: string;
  readonly host?: string;
  readonly allHosts?: boolean;
}

/** The command line's options about etcd, named as in EtcdOptions; undefined names are left out. */
export function etcdOptions(flags: EtcdFlags): Partial<EtcdOptions> {
  const { etcd: endpoints, etcdPrefix: prefix, etcdUser: user, etcdPasswordFile: passwordFile } = flags;
  const tls = definedOnly({ ca: flags.etcdCa, cert: flags.etcdCert, key: flags.etcdKey });
  return {
    ...definedOnly({ endpoints, prefix, user, passwordFile }),
    ...(Object.keys(tls).length > 0 && { tls }),
  };
}

/** The punts of one host. */
export interface HostPunts {
  readonly host: string;
  readonly punts: EtcdPunts;
}

/** Every host, and the punts of each. */
export interface HostsLook {
  /** Every host that has a wish, a status or a daemon. */
  all(): Promise<readonly HostInfo[]>;
  listOf(host: string, filter: PuntFilter): Promise<readonly PuntStatus[]>;
}

/** All of etcd. */
export interface Hosts extends HostsLook {
  of(host: string): HostPunts;
  /** Writes which punts hold for a host whose daemons have stopped. @returns whether a daemon took it in time; it is taken back otherwise */
  decide(host: string, keep: "etcd" | "daemon", longest: number): Promise<boolean>;
}

/** Runs `body` with the hosts of etcd. The connection ends in any case. */
export async function withHosts<T>(flags: EtcdFlags, body: (hosts: Hosts) => Promise<T>): Promise<T> {
  // Only the commands that use etcd load its client.
  const { decide, Etcd, Hosts } = await import("../../cluster/index.js");
  const etcd = await Etcd.open(etcdOptions(flags) as EtcdOptions);
  const by = asker();
  const hosts = new Hosts(etcd);
  try {
    return await body({
      all: () => hosts.all(),
      decide: (host, keep, longest) => decide(etcd, host, keep, longest),
      of: (host) => ({ host, punts: hosts.of(host, by) }),
      listOf: async (host, filter) => hosts.of(host, by).list(filter),
    });
  } finally {
    etcd.close();
  }
}

/** Returns the host that a command is about. @throws PuntError ERR_OPTION, with the hosts that there are */
export async function hostOf({ host }: EtcdFlags, hosts: Hosts): Promise<string> {
  if (host !== undefined) return host;
  const names = (await hosts.all()).map((each) => each.host);
  const known = names.length === 0 ? "etcd has none yet" : `etcd has ${names.join(", ")}`;
  throw new PuntError("vpp-punt", "ERR_OPTION", `option --host is needed: ${known}`, { option: "host", hosts: names });
}

/** @throws PuntError ERR_NO_SUCH_HOST, with the hosts that there are */
export function requireHost(host: string, all: readonly HostInfo[]): HostInfo {
  const found = all.find((each) => each.host === host);
  if (found) return found;
  const names = all.map((each) => each.host);
  const known = names.length === 0 ? "it has no hosts" : `it has ${names.join(", ")}`;
  throw new PuntError("vpp-punt", "ERR_NO_SUCH_HOST", `etcd has nothing of host ${host}; ${known}`, {
    host,
    hosts: names,
  });
}

/** The asker, for the records: a user may have no name. */
function asker(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `uid ${process.getuid?.()}@${hostname()}`;
  }
}
