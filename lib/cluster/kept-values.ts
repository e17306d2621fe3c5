// Values in etcd that the daemon that acts keeps beside the punts of its host, such as the sessions of CNFs.
import type { ZodType } from "zod";
import { PuntError } from "../errors.js";
import type { PuntId } from "../punt/index.js";
import type { Mirror, Write } from "./etcd/index.js";
import type { Keys } from "./keys.js";
import { content, idIn, keptIn } from "./records.js";
import type { Writer } from "./writer.js";

/** A punt, and what is kept of it. */
export type OfPunt<T> = readonly [PuntId, T];

export class KeptValues {
  readonly #mirror: Mirror;
  readonly #keys: Keys;
  readonly #writer: () => Writer | PuntError;
  /** The keys of punts' values that this daemon found or wrote. */
  readonly #own = new Set<string>();

  /** @param writer returns the writer of this daemon's term, or the reason why it has none */
  constructor(mirror: Mirror, keys: Keys, writer: () => Writer | PuntError) {
    this.#mirror = mirror;
    this.#keys = keys;
    this.#writer = writer;
  }

  /** Reads a value; undefined if there is none. @throws PuntError ERR_ETCD_CONTENT: the value has another shape */
  async recall<T>(name: string, shape: ZodType<T>): Promise<T | undefined> {
    const entry = this.#mirror.get(this.#keys.key("state", "kept", name));
    return entry && keptIn(entry, shape);
  }

  /** Reads the values of punts below a name. @throws PuntError ERR_ETCD_CONTENT: one of them has another shape */
  async recallOfPunts<T>(name: string, shape: ZodType<T>): Promise<OfPunt<T>[]> {
    const folder = this.#keys.folder("state", "kept", name);
    return this.#mirror.below(folder).map((entry) => {
      const id = idIn(entry.key, folder);
      if (id === undefined) throw content(entry.key, "is not the name of a punt");
      this.#own.add(entry.key);
      return [id, keptIn(entry, shape)];
    });
  }

  /**
   * Keeps the values of punts below a name, each by itself: etcd takes no value above 1.5 MiB. Writes what has changed, ends the values of
   * other punts, and then the value `earlier`.
   *
   * @throws PuntError ERR_NOT_LEADER; ERR_ETCD_AWAY
   */
  async keepOfPunts(name: string, values: readonly OfPunt<unknown>[], earlier: string): Promise<void> {
    const writer = this.#writer();
    if (writer instanceof PuntError) throw writer;
    const keyOf = ({ cnf, key, label }: PuntId) => this.#keys.key("state", "kept", name, cnf, key, label);
    const wanted = new Map(values.map(([id, value]) => [keyOf(id), JSON.stringify(value)]));
    const isThere = (key: string) => this.#mirror.get(key) !== undefined;
    const news = [...wanted].filter(([key, value]) => this.#mirror.get(key)?.value !== value);
    const gone = [...this.#own].filter((key) => !wanted.has(key));
    const ended = [...gone, this.#keys.key("state", "kept", earlier)].filter(isThere);
    const writes: Write[] = [...news.map(([key, value]) => ({ key, value })), ...ended.map((key) => ({ key }))];
    for (const key of wanted.keys()) this.#own.add(key);
    if (writes.length > 0) await writer.write(writes);
    for (const key of gone) this.#own.delete(key);
  }
}
