// An etcd in memory that makes its first write only when the test says so: the caller has given it up by then.
import type { Condition, Entry, Etcd, Snapshot, Write } from "../../../lib/cluster/etcd/index.js";
import { PuntError } from "../../../lib/errors.js";

export class LateEtcd {
  /** Makes the first write. Undefined until it was asked for. @returns undefined if its conditions do not hold any more */
  late: (() => number | undefined) | undefined;
  readonly #entries = new Map<string, Entry>();
  #revision = 1;
  #isFirst = true;

  /** As the code under test takes it. */
  get etcd(): Etcd {
    return this as unknown as Etcd;
  }

  /** Puts a key there at once. */
  put(key: string, value: string): void {
    this.#make([], [{ key, value }]);
  }

  at(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.at(key);
  }

  async range(prefix: string): Promise<Snapshot> {
    const entries = [...this.#entries.values()].filter(({ key }) => key.startsWith(prefix));
    return { revision: this.#revision, entries };
  }

  async write(conditions: readonly Condition[], writes: readonly Write[]): Promise<number | undefined> {
    if (!this.#isFirst) return this.#make(conditions, writes);
    this.#isFirst = false;
    this.late = () => this.#make(conditions, writes);
    throw new PuntError("cluster.etcd", "ERR_ETCD_AWAY", "no answer", { outcome: "unknown" });
  }

  #make(conditions: readonly Condition[], writes: readonly Write[]): number | undefined {
    const holds = ({ key, modified, created }: Condition) =>
      modified === undefined ? created === (this.at(key)?.created ?? 0) : modified === (this.at(key)?.modified ?? 0);
    if (!conditions.every(holds)) return undefined;
    const revision = ++this.#revision;
    for (const { key, value } of writes)
      if (value === undefined) this.#entries.delete(key);
      else this.#entries.set(key, { key, value, created: this.at(key)?.created ?? revision, modified: revision });
    return revision;
  }
}
