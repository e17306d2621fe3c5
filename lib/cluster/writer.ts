// Makes the writes of the daemon that acts: one at a time, only while its lease is good, and each with a known outcome.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, PuntError } from "../errors.js";
import {
  type Condition,
  type Entry,
  type Etcd,
  isRefusedLate,
  isUnknown,
  type Mirror,
  MOST_WRITES,
  type Write,
} from "./etcd/index.js";
import { type Generation, type History, parseGeneration } from "./history.js";
import type { Keys } from "./keys.js";
import type { Leadership } from "./leadership.js";

const OP = "cluster.write";
const PAUSE_MS = 200;
/** etcd refuses requests above 1.5 MiB. */
const MOST_BYTES = 1 << 20;

export class Writer {
  readonly #etcd: Etcd;
  readonly #mirror: Mirror;
  readonly #keys: Keys;
  readonly #leadership: Leadership;
  readonly #history: History;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(etcd: Etcd, mirror: Mirror, keys: Keys, leadership: Leadership, history: History) {
    this.#etcd = etcd;
    this.#mirror = mirror;
    this.#keys = keys;
    this.#leadership = leadership;
    this.#history = history;
  }

  /**
   * Writes keys. If there are more than etcd takes in one transaction, it makes several in order. The copy (`Mirror`) has the result.
   *
   * @throws PuntError ERR_NOT_LEADER; ERR_CHANGED_ELSEWHERE: a condition does not hold; ERR_ETCD_AWAY: nothing was written, unless
   * `details.outcome` is `unknown`
   */
  write(writes: readonly Write[], conditions: readonly Condition[] = []): Promise<void> {
    const turn = this.#queue.then(async () => {
      for (const part of partsOf(writes)) {
        const keys = new Set(part.map(({ key }) => key));
        await this.#transaction(
          part,
          conditions.filter(({ key }) => keys.has(key)),
        );
      }
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async #transaction(writes: readonly Write[], conditions: readonly Condition[]): Promise<void> {
    this.#leadership.requireGood(OP);
    const { entry, generation } = this.#generation();
    const next: Generation = { number: generation.number + 1, write: randomUUID() };
    const all = [...writes, { key: this.#key, value: JSON.stringify(next) }];
    const revision = await this.#written(all, [...conditions, this.#after(entry)], next, entry);
    for (const { key, value } of all) this.#mirror.wrote(key, value, revision);
    this.#history.check(next);
  }

  get #key(): string {
    return this.#keys.generation;
  }

  #generation(): { entry: Entry | undefined; generation: Generation } {
    const entry = this.#mirror.get(this.#key);
    return { entry, generation: entry ? parseGeneration(entry.value, entry.key) : { number: 0, write: "" } };
  }

  /** The condition by which etcd accepts only one write of each generation. */
  #after(entry: Entry | undefined): Condition {
    return { key: this.#key, modified: entry?.modified ?? 0 };
  }

  async #written(
    writes: readonly Write[],
    conditions: readonly Condition[],
    next: Generation,
    before: Entry | undefined,
  ): Promise<number> {
    try {
      const revision = await this.#etcd.write([this.#leadership.condition, ...conditions], writes);
      if (revision !== undefined) return revision;
    } catch (error) {
      if (!isUnknown(error) && !isRefusedLate(error)) throw error;
      return this.#settle(next, before, error as PuntError);
    }
    throw await this.#refusal(conditions);
  }

  /**
   * Finds out whether etcd made a write that it did not answer, or that it refused for want of room. A write that it neither made nor refused is
   * made impossible: its generation is used up.
   */
  async #settle(next: Generation, before: Entry | undefined, cause: PuntError): Promise<number> {
    while (this.#leadership.isGood) {
      const entry = await this.#etcd.get(this.#key).catch(() => "unknown" as const);
      if (entry === "unknown") {
        await sleep(PAUSE_MS);
        continue;
      }
      if (entry && parseGeneration(entry.value, entry.key).write === next.write) return entry.modified;
      if ((entry?.modified ?? 0) !== (before?.modified ?? 0)) throw this.#leadership.refusal(OP);
      // etcd has answered, so it does not make the write later, and may have no room for another one.
      if (!isUnknown(cause)) throw cause;
      const instead: Generation = { number: next.number, write: randomUUID() };
      const value = JSON.stringify(instead);
      const revision = await this.#etcd
        .write([this.#leadership.condition, this.#after(before)], [{ key: this.#key, value }])
        .catch(() => undefined);
      if (revision === undefined) {
        await sleep(PAUSE_MS);
        continue;
      }
      this.#mirror.wrote(this.#key, value, revision);
      this.#history.check(instead);
      throw new PuntError(OP, "ERR_ETCD_AWAY", `nothing was changed: ${messageOf(cause)}`, {}, cause);
    }
    const message = `it is not known whether the change was made, so look again when etcd is back; ${messageOf(cause)}`;
    throw new PuntError(OP, "ERR_ETCD_AWAY", message, { outcome: "unknown" }, cause);
  }

  async #refusal(conditions: readonly Condition[]): Promise<PuntError> {
    const { condition } = this.#leadership;
    const leader = await this.#etcd.get(this.#keys.leader);
    if (leader?.created !== condition.created) return this.#leadership.refusal(OP);
    for (const { key, modified } of conditions) {
      const entry = await this.#etcd.get(key);
      if (modified === undefined || (entry?.modified ?? 0) === modified) continue;
      const message = `${key} was changed in etcd at the same time; look at it, and ask again`;
      return new PuntError(OP, "ERR_CHANGED_ELSEWHERE", message, { key });
    }
    return new PuntError(OP, "ERR_CHANGED_ELSEWHERE", "etcd was changed at the same time; ask again");
  }
}

function partsOf(writes: readonly Write[]): Write[][] {
  const parts: Write[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const write of writes) {
    const size = Buffer.byteLength(write.key) + Buffer.byteLength(write.value ?? "");
    if (bytes + size > MOST_BYTES || parts.at(-1)!.length >= MOST_WRITES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(write);
    bytes += size;
  }
  return parts;
}
