// The Dump call: a line about each packet at the CNF's end of a punt.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { openEnds, type TakenPacket } from "../../dump/index.js";
import { PuntError } from "../../errors.js";
import { describeFrame } from "../../packet/index.js";
import type { PuntStatus } from "../../punt/index.js";
import { whenAborted } from "../../when-aborted.js";
import type { DumpRequest, DumpResponseSchema } from "../../wire/index.js";
import { type Parts, type Scope, stoppingError } from "./scope.js";

type Answer = MessageInitShape<typeof DumpResponseSchema>;

/** Packets a second that a person can still follow; the others are counted. */
const MOST_A_SECOND = 100;
/** How often it looks whether the punt is still as it was. */
const LOOK_MS = 1_000;
/** A page that is left open does not keep the place of a CNF. */
const LONGEST_MS = 300_000;

/**
 * Answers Dump.
 *
 * @throws PuntError ERR_NO_SUCH_PUNT; ERR_POLICY: the caller may not attach to the punt; ERR_UNSUPPORTED: another host has the punt;
 * ERR_RESOURCE_EXHAUSTED: the caller has too many dumps; of an end that cannot be opened
 */
export async function* dump(
  { punts, table, stopping, dumps }: Parts,
  request: DumpRequest,
  scope: Scope,
  { signal }: HandlerContext,
): AsyncIterable<Answer> {
  const id = scope.id(request.id);
  scope.punts = [id];
  const status = await scope.requireVisible(id);
  if (scope.elsewhere) throw await askThere(scope);
  // It gets the packets of the CNF, as an attached program does.
  scope.rule = scope.view.rights.requireChange(id.cnf, scope.op).name;
  const end = dumps.begin(scope.party, scope.op);
  try {
    scope.record();
    yield* packetsOf(status, { punts, table, stopping }, request.filter, signal);
  } finally {
    end();
  }
}

/** Yields what the ends of a punt get, until the punt is another one. */
async function* packetsOf(
  status: PuntStatus,
  { punts, table, stopping }: Pick<Parts, "punts" | "table" | "stopping">,
  filter: string,
  signal: AbortSignal,
): AsyncIterable<Answer> {
  const queue = new PacketQueue(filter);
  const ends = openEnds(status, {
    interfaces: table,
    onPacket: (packet) => queue.take(packet),
    onRefused: (error) => queue.end(error),
  });
  void ends.connected.then(() => queue.connected());
  const ending = AbortSignal.any([signal, stopping, AbortSignal.timeout(LONGEST_MS)]);
  whenAborted(ending, () => queue.end(stopping.aborted ? stoppingError("punt.dump") : undefined));
  // In a cluster, the punts may be unknown for a while. Without the catch, that error would end the daemon.
  const lookAgain = async () => isSame(status, await punts.get(status.id)) || queue.end();
  const look = setInterval(() => void lookAgain().catch((error) => queue.end(error)), LOOK_MS).unref();
  try {
    yield* queue.answers();
  } finally {
    clearInterval(look);
    ends.close();
  }
}

/** Packets stay on their host: through etcd they would come late, and load it. */
async function askThere({ op, host, elsewhere }: Scope): Promise<PuntError> {
  const leader = await elsewhere!.leader();
  const where = leader ? `: ${leader.daemon}, at ${leader.addresses[0]}` : "";
  const message = `packets of host ${host} are shown by a daemon there${where}`;
  return new PuntError(op, "ERR_UNSUPPORTED", message, { host });
}

function isSame(before: PuntStatus, now: PuntStatus | undefined): boolean {
  return now !== undefined && JSON.stringify(now.metadata) === JSON.stringify(before.metadata);
}

/** The lines that wait for the reader of a stream. */
class PacketQueue {
  readonly #words: readonly string[];
  readonly #waiting: Answer[] = [];
  #passed = 0n;
  #second = 0;
  #count = 0;
  #ended = false;
  #error: PuntError | undefined;
  #wake = () => {};

  /** `filter`: words that a line must have. */
  constructor(filter: string) {
    this.#words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  }

  connected(): void {
    this.#put({ event: { case: "connected", value: {} } });
  }

  take({ bytes, interface: name }: TakenPacket): void {
    if (this.#ended || this.#isTooMany()) return;
    const text = describeFrame(bytes);
    const line = `${name} ${text}`.toLowerCase();
    if (!this.#words.every((word) => line.includes(word))) return;
    this.#count++;
    const value = { time: new Date().toISOString(), interface: name, length: bytes.length, text, passed: this.#passed };
    this.#put({ event: { case: "packet", value } });
  }

  end(error?: PuntError): void {
    this.#ended = true;
    this.#error ??= error;
    this.#wake();
  }

  async *answers(): AsyncIterable<Answer> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next) yield next;
      else if (this.#error) throw this.#error;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  #isTooMany(): boolean {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.#second) this.#count = 0;
    this.#second = second;
    if (this.#count < MOST_A_SECOND && this.#waiting.length < MOST_A_SECOND) return false;
    this.#passed++;
    return true;
  }

  #put(answer: Answer): void {
    this.#waiting.push(answer);
    this.#wake();
  }
}
