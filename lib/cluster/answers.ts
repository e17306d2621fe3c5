// Answers the questions that arrive through etcd while this daemon acts.
import { setTimeout as sleep } from "node:timers/promises";
import type { PuntError } from "../errors.js";
import type { AskedChange } from "./cluster-options.js";
import { type Etcd, isAway, type Mirror, type Write } from "./etcd/index.js";
import { type Keys, partsOf } from "./keys.js";
import type { Leadership } from "./leadership.js";
import { type Answering, answerTo, messageText, messageWrites, parseHead } from "./question.js";

/** Where an operator's command asks, without a daemon. */
export const IN_ETCD = "etcd";

/** Milliseconds after which an answer that etcd did not take is written again. */
const PAUSE_MS = 250;

export interface AnswersOptions {
  readonly etcd: Etcd;
  readonly mirror: Mirror;
  readonly keys: Keys;
  readonly leadership: Leadership;
  /** Answers the questions. */
  readonly by: Answering;
  /** Makes a change on behalf of the asker. */
  as<T>(by: string, change: () => Promise<T>): Promise<T>;
  /** Takes the question and its outcome. */
  asked(change: AskedChange): void;
  /** Resolves once etcd has the statuses of the punts as they are now, or refuses them: the asker may look at them next. */
  written(): Promise<void>;
  problem(error: PuntError): void;
}

export class Answers {
  readonly #options: AnswersOptions;
  readonly #folder: string;
  readonly #underWay = new Set<string>();
  /** Answers to questions whose work is done. */
  readonly #giving = new Set<Promise<void>>();
  #closed = false;

  constructor(options: AnswersOptions) {
    this.#options = options;
    this.#folder = options.keys.folder("ask");
  }

  /** Answers the questions that wait, in the order in which they were asked. Called at the beginning of a term, and after a snapshot. */
  lookAtAll(): void {
    const waiting = this.#options.mirror.below(this.#folder);
    for (const { key } of waiting.sort((one, other) => one.created - other.created)) this.look(key);
  }

  /** Answers a question, once its head has been written. After a stop of the process, another daemon may have answered it. */
  look(key: string): void {
    const { mirror, leadership } = this.#options;
    const parts = partsOf(key, this.#folder);
    const entry = mirror.get(key);
    if (this.#closed || !leadership.isGood || !entry || parts?.length !== 1 || this.#underWay.has(key)) return;
    this.#underWay.add(key);
    this.#answer(key, parts[0]!, entry.value)
      .catch((error) => this.#options.problem(error))
      .finally(() => this.#underWay.delete(key));
  }

  /**
   * Takes no more questions. The next daemon answers the unfinished ones. Resolves when etcd has the answers to the finished ones, or refuses
   * them: the next daemon would repeat those changes, and not find a punt that was deleted.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#giving);
  }

  async #answer(key: string, id: string, value: string): Promise<void> {
    const { mirror, by, as, asked } = this.#options;
    const head = parseHead(key, value);
    const text = messageText(key, head, (name) => mirror.get(name)?.value);
    const answer = await as(head.by, () => answerTo(text, by));
    asked({ by: head.by, through: head.through ?? IN_ETCD, ...answer });
    if (this.#closed) return;
    const giving = this.#give(key, id, answer.text, head.lease);
    this.#giving.add(giving);
    await giving.finally(() => this.#giving.delete(giving));
  }

  async #give(key: string, id: string, text: string, lease: string): Promise<void> {
    const { keys, written } = this.#options;
    await written();
    const writes = messageWrites(keys.key("answer", id), text, { by: "" }, lease);
    for (const write of writes.slice(0, -1)) await this.#write(key, [write]);
    // The answer replaces the question, so the next daemon does not answer it again.
    await this.#write(key, [writes.at(-1)!, { key }]);
  }

  /** Writes a part of an answer. As long as the question waits, it writes again what etcd did not take, because the asker waits too. */
  async #write(question: string, writes: readonly Write[]): Promise<void> {
    const { etcd, mirror, leadership, problem } = this.#options;
    while (mirror.get(question)) {
      try {
        await etcd.write([leadership.condition], writes);
        return;
      } catch (error) {
        if (!isAway(error)) throw error;
        if (this.#closed) return;
        problem(error as PuntError);
        await sleep(PAUSE_MS, undefined, { ref: false });
      }
    }
  }
}
