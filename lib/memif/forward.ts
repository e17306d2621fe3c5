// Forwarding between two memif ports: a packet moves with its buffer, and a handler decides about it.
import { PuntError } from "../errors.js";
import { type NativeMemifSettings, type NativeRules, native } from "../native.js";
import { OptionCheck } from "../options.js";
import { type BatchTable, checkFilter, PacketFilter, PacketRules, type PortFilter } from "../packet/index.js";
import { MARK, MemifBatch } from "./batch.js";
import { countMarks, type Passage } from "./passage.js";
import { Memif } from "./port.js";
import type { MemifRxQueue } from "./rx-queue.js";
import type { MemifTxQueue } from "./tx-queue.js";

/** Where packets go: from the first port to the second, or back. */
export type ForwardDirection = "ab" | "ba";

/**
 * Decides about the packets of a burst. A packet passes unless the handler calls `drop(i)`, `queue(i, n)` or `reply(i)` for it. The
 * handler may change bytes in place.
 */
export type ForwardHandler = (batch: ForwardBatch, direction: ForwardDirection) => void;

/** Options of `forward`. */
export interface ForwardOptions {
  /** Which way packets go in this thread. Default `"both"`; two threads that attach to the ports can take one way each. */
  directions?: "both" | ForwardDirection;
  /**
   * Decides about packets in native code, before `decide`: for both directions, or one for each. A packet with the action `"pass"` goes to
   * the queue of the same number at the other port, in its place among the others. A `PacketFilter` drops what it doesn't take. Default:
   * the filters of the ports.
   */
  filter?: PortFilter | Partial<Record<ForwardDirection, PortFilter>>;
}

/** Counters of one direction. */
export interface ForwardStats {
  /** Packets that went to the other port. */
  passed: number;
  /** Packets that went back. */
  replied: number;
  /** Packets that the handler dropped. */
  dropped: number;
  /** Packets that the filter dropped. */
  filtered: number;
  /** Packets that found no room in a ring, or no peer. */
  refused: number;
  /** Packets of bursts whose handler threw; none of them was sent. */
  failed: number;
}

/**
 * The packets of a burst between two ports.
 * @example
 * ```ts
 * import { type ForwardHandler, forward, Memif } from "vpp-punt";
 *
 * const open = (id: number) => Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id });
 * const decide: ForwardHandler = (batch, direction) => {
 *   for (let i = 0; i < batch.length; i++) {
 *     if (batch.byteLength(i) > 1514) batch.drop(i);
 *     else if (direction === "ab") batch.setU8(i, 5, 1);
 *   }
 * };
 * forward(open(0), open(1), decide);
 * ```
 */
export class ForwardBatch extends MemifBatch {
  readonly #queues: number;

  /** @internal Forwarders make their batches. */
  constructor(table: BatchTable, queues: number) {
    super(table);
    this.#queues = queues;
  }

  /** Drops packet `i`. @throws PuntError ERR_OUT_OF_RANGE: there is no packet `i`; ERR_BATCH_RELEASED: the handler has returned */
  drop(i: number): void {
    this.mark(i, MARK.drop);
  }

  /** Lets packet `i` pass, which is the default. @throws PuntError as `drop` does */
  pass(i: number): void {
    this.mark(i, MARK.none);
  }

  /**
   * Passes packet `i` on by transmit queue `queue` of the other port. It is refused, and counted, if the peer there has fewer queues.
   *
   * @throws PuntError as `drop` does, also if the port has no such queue
   */
  queue(i: number, queue: number): void {
    if (!Number.isInteger(queue) || queue < 0 || queue >= this.#queues) {
      const allowed = this.#queues === 1 ? "only queue 0" : `queues 0 to ${this.#queues - 1}`;
      throw new PuntError("batch.queue", "ERR_OUT_OF_RANGE", `queue ${queue} does not exist; the port has ${allowed}`);
    }
    this.mark(i, MARK.queue + queue);
  }
}

/** One direction of one receive queue: the marks of a burst are followed when the handler returns. */
class Lane {
  readonly stats: ForwardStats;
  readonly #back: () => MemifTxQueue;
  readonly #out: MemifTxQueue[];
  readonly #served: () => number;
  #main: MemifTxQueue;

  /** @param served returns the number of the lane's queue with the present peer */
  constructor(served: () => number, out: MemifTxQueue[], back: () => MemifTxQueue, stats: ForwardStats) {
    this.#served = served;
    this.#out = out;
    this.#back = back;
    this.stats = stats;
    this.#main = this.choose();
  }

  /** Returns the queue for packets that the handler leaves to the lane. Call it at each new peer. */
  choose(): MemifTxQueue {
    this.#main = this.#out[this.#served()]!;
    return this.#main;
  }

  finish(batch: MemifBatch, passage: Passage): void {
    if (!batch.marked) {
      this.#pass(passage, this.#main, batch, MARK.none, batch.length);
      return;
    }
    for (const [mark, given] of countMarks(batch)) {
      if (mark === MARK.drop) this.stats.dropped += given;
      else if (mark === MARK.reply) this.#reply(passage, batch, given);
      else this.#pass(passage, mark === MARK.none ? this.#main : this.#out[mark - MARK.queue]!, batch, mark, given);
    }
  }

  #pass(passage: Passage, queue: MemifTxQueue, batch: MemifBatch, mark: number, given: number): void {
    const sent = passage.send(queue, batch, mark, given);
    this.stats.passed += sent;
    this.stats.refused += given - sent;
  }

  #reply(passage: Passage, batch: MemifBatch, given: number): void {
    const sent = passage.send(this.#back(), batch, MARK.reply, given);
    this.stats.replied += sent;
    this.stats.refused += given - sent;
  }
}

function noStats(): ForwardStats {
  return { passed: 0, replied: 0, dropped: 0, filtered: 0, refused: 0, failed: 0 };
}

/**
 * Packets on their way between two ports: `forward`.
 * @example
 * ```ts
 * import { forward, Memif, PacketFilter } from "vpp-punt";
 *
 * const open = (id: number) => Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id });
 * using forwarder = forward(open(0), open(1));
 * // From now on, only IPv4 passes.
 * forwarder.setFilter(PacketFilter.compile("ip"));
 * const { ab, ba } = forwarder.stats();
 * console.log(ab.passed, ab.filtered, ba.passed, ba.filtered);
 * ```
 */
export class Forwarder {
  /** Whether packets move with their buffers. False: they are copied, natively, because a port is a server or over libmemif. */
  readonly zeroCopy: boolean;
  readonly #ports: readonly [Memif, Memif];
  readonly #polls: (() => number)[] = [];
  readonly #stats = { ab: noStats(), ba: noStats() };
  readonly #queues: Record<ForwardDirection, MemifRxQueue[]> = { ab: [], ba: [] };

  /** @internal Made by `forward`. */
  constructor(a: Memif, b: Memif, decide: ForwardHandler | undefined, directions: string) {
    this.#ports = [a, b];
    this.zeroCopy = canShare(a, b);
    const both = [
      { direction: "ab", from: a, to: b },
      { direction: "ba", from: b, to: a },
    ] as const;
    const ways = both.filter(({ direction }) => directions === "both" || directions === direction);
    for (const { from } of ways) from.checkFree("forward");
    // A forwarder that is refused leaves no queue open.
    a.openAll(() =>
      b.openAll(() => {
        for (const { direction, from, to } of ways) this.#open(from, to, direction, decide);
        if (this.zeroCopy && a.own !== undefined) native.memifShare(a.handle.memif, b.handle.memif);
      }),
    );
    for (const { direction, to } of ways) {
      for (const queue of this.#queues[direction]) to.onEachUp(() => queue.bind());
    }
  }

  /**
   * Moves one burst of each receive queue, in turn, and returns the number of packets taken. For ports in rxMode `"polling"`; others
   * forward by themselves.
   *
   * @throws PuntError ERR_NOT_POLLING: the ports forward by themselves; ERR_CLOSED: a port is closed
   */
  poll(): number {
    if (this.#polls.length === 0) {
      throw new PuntError(
        "forward.poll",
        "ERR_NOT_POLLING",
        "the ports are not in rxMode polling: they forward by themselves",
      );
    }
    let taken = 0;
    for (const poll of this.#polls) taken += poll();
    return taken;
  }

  /** Returns the counters of both directions. Every packet that was received is in exactly one of them. */
  stats(): { ab: ForwardStats; ba: ForwardStats } {
    return { ab: this.#statsOf("ab"), ba: this.#statsOf("ba") };
  }

  /**
   * Changes the option `filter`, from the next burst on; undefined: no filter.
   *
   * @throws PuntError ERR_OPTION: neither a filter nor rules
   */
  setFilter(filter: ForwardOptions["filter"]): void {
    this.applyFilter(checkFilters(new OptionCheck("forward.setFilter"), filter));
  }

  /** @internal */
  applyFilter(rules: Filters): void {
    for (const direction of ["ab", "ba"] as const) {
      for (const queue of this.#queues[direction]) queue.setFilter(rules[direction]);
    }
  }

  /** Closes both ports in this thread. */
  close(): void {
    for (const port of this.#ports) port.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #statsOf(direction: ForwardDirection): ForwardStats {
    const stats = { ...this.#stats[direction] };
    for (const queue of this.#queues[direction]) {
      const { passed, refused, dropped } = queue.filterStats();
      stats.passed += passed;
      stats.refused += refused;
      stats.filtered += dropped;
    }
    return stats;
  }

  #open(from: Memif, to: Memif, direction: ForwardDirection, decide: ForwardHandler | undefined): void {
    const out = txQueues(to);
    const stats = this.#stats[direction];
    const handler = (batch: MemifBatch) => {
      if (decide === undefined) return;
      try {
        decide(batch as ForwardBatch, direction);
      } catch (error) {
        stats.failed += batch.length;
        throw error;
      }
    };
    for (let index = 0; index < from.queueCounts.rx; index++) {
      const lane = new Lane(
        () => to.servedQueue(index),
        out,
        () => from.replyQueue(index),
        stats,
      );
      const queue = from.openForwarding(index, handler, {
        batch: (table) => new ForwardBatch(table, out.length),
        finish: (batch, passage) => lane.finish(batch, passage),
        bound: () => lane.choose(),
      });
      if (from.handle.rxMode === "polling")
        this.#polls.push(() => {
          queue.poll(handler);
          return queue.taken;
        });
      this.#queues[direction].push(queue);
    }
  }
}

/** Returns all transmit queues of a port. */
function txQueues(port: Memif): MemifTxQueue[] {
  return Array.from({ length: port.queueCounts.tx }, (_, i) => port.tx(i));
}

/** Whether a descriptor of one port's ring can name a buffer of the other's. */
function canShare(a: Memif, b: Memif): boolean {
  if (a.own === undefined || b.own === undefined) return a.zeroCopy && b.zeroCopy;
  return [a, b].every(({ own, zeroCopy }) => zeroCopy && !own!.server && !own!.libmemif && own!.socket !== "");
}

/** Returns how many buffers a client needs for a connection. */
function buffersOf({ rxQueues, txQueues, log2RingSize, spareBuffers }: Readonly<NativeMemifSettings>): number {
  return (rxQueues + txQueues) * 2 ** log2RingSize + rxQueues * spareBuffers;
}

type Filters = Partial<Record<ForwardDirection, NativeRules | undefined>>;

function checkFilters(check: OptionCheck, filter: ForwardOptions["filter"]): Filters {
  if (filter === undefined) return {};
  if (filter instanceof PacketFilter || filter instanceof PacketRules) {
    const rules = checkFilter(check, filter, true);
    return { ab: rules, ba: rules };
  }
  check.known(filter, ["ab", "ba"], "filter");
  return { ab: checkFilter(check, filter.ab, true), ba: checkFilter(check, filter.ba, true) };
}

function checkPorts(check: OptionCheck, a: Memif, b: Memif): void {
  if (!(a instanceof Memif)) check.refuse("portA", "must be a Memif port");
  if (!(b instanceof Memif)) check.refuse("portB", "must be a Memif port");
  if (a === b) check.refuse("portB", "must be another port than portA");
  const [one, other] = [a.own, b.own];
  if (one === undefined || other === undefined || !canShare(a, b)) return;
  if (one.bufferSize !== other.bufferSize) {
    check.refuse("portB", `must have the bufferSize of portA, ${one.bufferSize}; got ${other.bufferSize}`);
  }
  const buffers = buffersOf(one) + buffersOf(other);
  const bytes = buffers * one.bufferSize;
  if (bytes > 0xffffffff) check.refuse("portB", `must leave all buffers of both ports below 4 GiB; got ${bytes} bytes`);
}

/**
 * Forwards packets between two ports, in the order of each queue. `decide` may drop a packet, send it back, choose its queue or change its
 * bytes; without it everything passes.
 *
 * Two client ports get one memory, and a packet moves by its descriptor: nothing is copied. A connected port connects again for that.
 * **Both peers then see the buffers of both**: a peer can read and change packets of the other link while they are in a ring, also after
 * `decide` has looked at them, and so can a peer whose connection has ended until it unmaps the memory. Use it between peers that may see each other's traffic. In every other
 * combination packets are copied natively.
 *
 * A receive queue is read only as far as the queue of the same number at the other port has room, so that nothing is lost between a slow
 * peer and a fast one. If the other port's peer has fewer queues, the last of them takes the packets of those above. Packets are refused,
 * and counted, if the other port has no peer, if its peer has not read for a tenth of a second, or if a packet does not fit its empty ring.
 *
 * Replaces `receive` for both ports. In rxMode `"polling"` call `poll()`.
 *
 * @throws PuntError ERR_OPTION: an argument is not a port, both are the same, or their buffers do not fit one memory
 * @throws PuntError ERR_QUEUE_TAKEN: a queue is open already, here or in another thread
 * @throws PuntError ERR_CLOSED: a port is closed
 * @throws PuntError An errno name such as EMFILE: no memory for both
 * @example
 * ```ts
 * import { forward, Memif } from "vpp-punt";
 *
 * const lan = Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id: 0 });
 * const wan = Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id: 1 });
 * const forwarder = forward(lan, wan, (batch) => {
 *   for (let i = 0; i < batch.length; i++) if (batch.u16(i, 12) === 0x86dd) batch.drop(i);
 * });
 * setInterval(() => console.log(forwarder.stats().ab.passed), 1_000);
 * ```
 */
export function forward(a: Memif, b: Memif, decide?: ForwardHandler, options: ForwardOptions = {}): Forwarder {
  const check = new OptionCheck("memif.forward");
  check.known(options, ["directions", "filter"]);
  checkPorts(check, a, b);
  if (decide !== undefined) check.callback("decide", decide);
  const directions = check.oneOf("directions", options.directions ?? "both", ["both", "ab", "ba"]);
  const filters = checkFilters(check, options.filter);
  const forwarder = new Forwarder(a, b, decide, directions);
  if (options.filter !== undefined) forwarder.applyFilter(filters);
  return forwarder;
}
