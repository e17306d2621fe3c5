// All hosts in etcd, and the punts of each.
import type { Etcd } from "./etcd/index.js";
import { EtcdPunts } from "./etcd-punts.js";
import { everyHost, Keys, partsOf } from "./keys.js";
import { parseLeader } from "./leadership.js";

/** A host, with the daemon that acts for it; "" where none does. */
export interface HostInfo {
  readonly host: string;
  readonly daemon: string;
  readonly addresses: readonly string[];
  readonly since: string;
  /** Number of punts that were requested. */
  readonly punts: number;
}

async function hostsIn(etcd: Etcd): Promise<HostInfo[]> {
  const names = new Set<string>();
  for (const kind of ["wanted", "status", "leader"] as const) {
    const folder = everyHost(etcd.prefix, kind);
    for (const key of await etcd.keys(folder)) {
      const [host] = partsOf(key, folder) ?? [];
      if (host !== undefined) names.add(host);
    }
  }
  return Promise.all([...names].sort().map((host) => infoOf(etcd, host)));
}

async function infoOf(etcd: Etcd, host: string): Promise<HostInfo> {
  const keys = new Keys(etcd.prefix, host);
  const entry = await etcd.get(keys.leader);
  const { daemon = "", addresses = [], since = "" } = (entry && parseLeader(entry.value)) ?? {};
  return { host, daemon, addresses, since, punts: await etcd.count(keys.folder("wanted")) };
}

/** The hosts in etcd as a daemon reaches them. */
export class Hosts {
  readonly #etcd: Etcd;
  readonly #through: string | undefined;

  /** `through`: this daemon, for the records; a program that asks etcd itself has none. */
  constructor(etcd: Etcd, through?: string) {
    this.#etcd = etcd;
    this.#through = through;
  }

  /** Lists every host that has a wish, a status or a daemon. @throws PuntError ERR_ETCD_AWAY */
  all(): Promise<readonly HostInfo[]> {
    return hostsIn(this.#etcd);
  }

  /** Returns whether a host has a wish, a status or a daemon. Costs the same, however many hosts there are. @throws PuntError ERR_ETCD_AWAY */
  async has(host: string): Promise<boolean> {
    const keys = new Keys(this.#etcd.prefix, host);
    const counts = (["wanted", "status", "leader"] as const).map((kind) => this.#etcd.count(keys.folder(kind)));
    return (await Promise.all(counts)).some((count) => count > 0);
  }

  /** Returns the punts of a host. `by`: the asker, for the records. */
  of(host: string, by: string): EtcdPunts {
    return new EtcdPunts(this.#etcd, {
      host,
      by: () => by,
      ...(this.#through !== undefined && { through: this.#through }),
    });
  }
}
