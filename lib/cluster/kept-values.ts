// Values in etcd that the daemon that acts keeps beside the punts of its host, such as the sessions of CNFs.
import type { ZodType } from "zod";
import { PuntError } from "../errors.js";
import type { Mirror } from "./etcd/index.js";
import type { Keys } from "./keys.js";
import { keptIn } from "./records.js";
import type { Writer } from "./writer.js";

export class KeptValues {
  readonly #mirror: Mirror;
  readonly #keys: Keys;
  readonly #writer: () => Writer | PuntError;

  /** @param writer returns the writer of this daemon's term, or the reason why it has none */
  constructor(mirror: Mirror, keys: Keys, writer: () => Writer | PuntError) {
    this.#mirror = mirror;
    this.#keys = keys;
    this.#writer = writer;
  }

  /** Reads a value; undefined if none was ever kept. @throws PuntError ERR_ETCD_CONTENT: the value has another shape */
  async recall<T>(name: string, shape: ZodType<T>): Promise<T | undefined> {
    const entry = this.#mirror.get(this.#keyOf(name));
    return entry && keptIn(entry, shape);
  }

  /** Writes a value. @throws PuntError ERR_NOT_LEADER; ERR_ETCD_AWAY */
  async keep(name: string, value: unknown): Promise<void> {
    const writer = this.#writer();
    if (writer instanceof PuntError) throw writer;
    await writer.write([{ key: this.#keyOf(name), value: JSON.stringify(value) }]);
  }

  #keyOf(name: string): string {
    return this.#keys.key("state", "kept", name);
  }
}
