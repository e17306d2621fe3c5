// Asks the daemon that acts for a host through etcd, and waits for its answer.
import { randomUUID } from "node:crypto";
import { PuntError } from "../errors.js";
import type { Etcd } from "./etcd/index.js";
import type { Keys } from "./keys.js";
import { type Asker, answerIn, messageText, messageWrites, parseHead, type Question } from "./question.js";

/** Questions and answers belong to the asker's lease, and end with it. */
const LEASE_SECONDS = 30;
const RENEWAL_MS = 8_000;
/** Milliseconds between two looks for the answer, in case the watch misses it. */
const LOOK_MS = 2_000;

/**
 * Asks and waits for the answer. A daemon that takes over answers the questions that its predecessor left.
 *
 * @param longest milliseconds to wait for an answer
 * @param written called once etcd has the question
 * @throws PuntError as the daemon's manager; ETIMEDOUT; ERR_ETCD_AWAY
 */
export async function ask<T>(
  etcd: Etcd,
  keys: Keys,
  question: Question,
  { asker, longest, written }: { readonly asker: Asker; readonly longest: number; readonly written?: () => void },
): Promise<T> {
  const id = randomUUID();
  const { id: lease } = await etcd.grant(LEASE_SECONDS);
  const renewal = setInterval(() => void etcd.renew(lease).catch(() => {}), RENEWAL_MS);
  const over = new AbortController();
  try {
    const waiting = answerOf(etcd, keys, id, { op: `punt.${question.call}`, longest, over: over.signal });
    waiting.catch(() => {});
    await put(etcd, keys.key("ask", id), question, asker, lease);
    written?.();
    return answerIn<T>(await waiting, keys.key("answer", id));
  } finally {
    over.abort();
    clearInterval(renewal);
    await etcd.revoke(lease).catch(() => {});
  }
}

/** Writes the question. Writing a part twice is harmless, because its text is the same. The head is written once. */
async function put(etcd: Etcd, key: string, question: Question, asker: Asker, lease: string): Promise<void> {
  for (const write of messageWrites(key, JSON.stringify(question), asker, lease))
    await etcd.write([{ key: write.key, created: 0 }], [write]);
}

async function answerOf(
  etcd: Etcd,
  keys: Keys,
  id: string,
  { op, longest, over }: { readonly op: string; readonly longest: number; readonly over: AbortSignal },
): Promise<string> {
  const key = keys.key("answer", id);
  const { revision } = await etcd.range(key);
  over.throwIfAborted();
  return new Promise<string>((resolve, reject) => {
    const looking = setInterval(() => void look(), LOOK_MS);
    const timer = setTimeout(() => reject(late(op, keys.host, longest)), longest);
    const closed = () => reject(new PuntError(op, "ERR_CLOSED", "the connection to etcd was closed"));
    const look = async () => {
      const { entries } = await etcd.range(key).catch(() => ({ entries: [] }));
      const head = entries.find((entry) => entry.key === key);
      if (!head) return;
      const values = new Map(entries.map((entry) => [entry.key, entry.value]));
      try {
        resolve(messageText(key, parseHead(key, head.value), (name) => values.get(name)));
      } catch (error) {
        reject(error);
      }
    };
    const stop = etcd.watch([key], revision + 1, {
      changes: (changes) => void (changes.some((change) => change.key === key) && look()),
      // `looking` goes on without it.
      ended: () => {},
    });
    etcd.closing.addEventListener("abort", closed, { once: true, signal: over });
    const end = () => {
      clearTimeout(timer);
      clearInterval(looking);
      stop();
    };
    over.addEventListener("abort", end, { once: true });
  });
}

function late(op: string, host: string, longest: number): PuntError {
  const message = `the daemon of host ${host} has not answered in ${longest} ms; it may still do what was asked`;
  return new PuntError(op, "ETIMEDOUT", message, { host });
}
