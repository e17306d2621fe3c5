// A receive queue: bursts on their way to a handler, and the packets that the application keeps.
import { PuntError } from "../errors.js";
import type { NativeMemifPort, NativeMemifRx, NativeMemifRxStats, NativeRules } from "../native.js";
import { native } from "../native.js";
import { OptionCheck } from "../options.js";
import { BatchTable, type RetainedPacket } from "../packet/index.js";
import { MARK, MemifBatch } from "./batch.js";
import { endHandler, ringWaiting, startHandler } from "./doorbells.js";
import { countMarks, Passage } from "./passage.js";
import { MemoryTable, RegionMemory } from "./region-memory.js";
import type { MemifTxQueue } from "./tx-queue.js";

/**
 * Gets the packets of a burst. The batch and all views on it end when the handler returns; a promise that the handler returns is not
 * waited for.
 */
export type MemifHandler = (batch: MemifBatch, queue: MemifRxQueue) => void;

/** Counters of one receive queue. */
export interface MemifRxStats extends NativeMemifRxStats {}

/** Index of the memory that scattered packets are copied to (kScratchMemory in native/memif/port/batch.h). */
const SCRATCH = 0xffff;
/** The most packets that a poll may ask for, which native code takes as 32 bits. */
const MOST = 0xffffffff;
const MODES = { interrupt: 0, polling: 1, adaptive: 2 } as const;

/** @internal What a forwarder does with the bursts of a queue. */
export interface Forwarding {
  batch(table: BatchTable): MemifBatch;
  /** Called when the handler has returned. */
  finish(batch: MemifBatch, passage: Passage): void;
  /** A burst has no more packets than this queue has room for; another one from each new peer on. */
  bound(): MemifTxQueue;
}

/** @internal How a queue is opened. */
export interface RxQueueSetup {
  index: number;
  burst: number;
  mode: keyof typeof MODES;
  copy: boolean;
  handler: MemifHandler | undefined;
  forwarding: Forwarding | undefined;
  /** Whether another thread's port has the queue, which goes on when it is closed here. */
  isAttached: boolean;
  filter: NativeRules | undefined;
  open(options: Parameters<NativeMemifPort["openRx"]>[1]): NativeMemifRx | undefined;
  stats(): NativeMemifRxStats;
  /** The transmit queue that replies go out on. */
  replyQueue(): MemifTxQueue;
}

/**
 * One receive queue of a port. It belongs to the thread that opened it.
 * @example
 * ```ts
 * import { Memif } from "vpp-punt";
 *
 * const port = Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id: 0, rxMode: "polling" });
 * const queue = port.rx();
 * setInterval(() => {
 *   while (queue.poll((batch) => console.log(batch.length)) > 0);
 * }, 10);
 * ```
 */
export class MemifRxQueue {
  /** Number of the queue, from 0. */
  readonly index: number;
  readonly #setup: RxQueueSetup;
  readonly #table: BatchTable;
  readonly #batch: MemifBatch;
  readonly #state = new Uint32Array(3);
  readonly #memories: MemoryTable;
  /** The queue's own, in all connections: a burst is in it before the first look at the new connection. */
  readonly #scratch: RegionMemory;
  readonly #native: NativeMemifRx;
  readonly #passage: Passage;
  readonly #kept = new Set<InPlacePacket>();
  #busy = false;
  #closed = false;

  /** @internal Ports make their queues. */
  constructor(setup: RxQueueSetup) {
    this.#setup = setup;
    this.index = setup.index;
    this.#table = new BatchTable(setup.burst);
    this.#batch = setup.forwarding?.batch(this.#table) ?? new MemifBatch(this.#table);
    const make = (index: number) => () => this.#native.memory(index);
    this.#memories = new MemoryTable((index) => new RegionMemory(make(index), false, (i) => this.#retain(i)));
    this.#scratch = new RegionMemory(make(SCRATCH), setup.copy);
    const opened = setup.open({
      table: this.#table.buffer,
      capacity: setup.burst,
      state: this.#state,
      mode: MODES[setup.mode],
      copy: setup.copy,
      onBurst: (count) => this.#deliver(count, setup.handler!),
    });
    if (opened === undefined) throw queueTaken(setup.index);
    this.#native = opened;
    this.#passage = new Passage(opened);
    if (setup.filter !== undefined) this.setFilter(setup.filter);
    this.bind();
  }

  /**
   * Pulls one burst of at most `max` packets and passes it to `handler`. Returns the number of packets; 0, without a call, if there are
   * none or no peer is connected. For queues that were opened for polling.
   *
   * A loop that never returns to the event loop gets no events, and the memory behind a `view` is not freed: let the event loop have a
   * turn now and then. In a handler of another queue, peers learn first of what the handler has sent so far.
   *
   * @throws PuntError ERR_OPTION: `handler` is not a function, or `max` is not from 1 to 4294967295.
   * @throws PuntError ERR_NOT_POLLING: the queue calls its handler by itself.
   * @throws PuntError ERR_IN_HANDLER: called from inside a handler of the same queue.
   * @throws PuntError ERR_CLOSED: the port is closed.
   */
  poll(handler: MemifHandler, max: number = this.#setup.burst): number {
    if (this.#busy || this.#closed || this.#setup.mode !== "polling") this.#refusePoll();
    if (typeof handler !== "function" || !(max >= 1 && max <= MOST)) refuseArguments(handler, max);
    ringWaiting();
    const count = this.#native.burst(max);
    if (count === 0) return 0;
    try {
      this.#deliver(count, handler);
    } finally {
      this.#native.release();
    }
    return count;
  }

  /** Returns the counters since the port was opened. */
  stats(): MemifRxStats {
    return this.#setup.stats();
  }

  /** @internal Packets of the last burst, those included that the filter has decided about. */
  get taken(): number {
    return this.#state[2]!;
  }

  /** @internal The rules for the bursts from the next one on. */
  setFilter(rules: NativeRules | undefined): void {
    this.#native.setFilter(rules?.handle);
  }

  /** @internal Counts of packets that no handler saw. */
  filterStats(): ReturnType<NativeMemifRx["filterStats"]> {
    return this.#native.filterStats();
  }

  /** @internal Asks the forwarder which queue bounds the bursts from now on. */
  bind(): void {
    if (this.#setup.forwarding !== undefined) this.#passage.boundBy(this.#setup.forwarding.bound());
  }

  /** @internal A running handler keeps its batch until it returns. */
  close(): void {
    this.#closed = true;
    if (!this.#busy) this.#forget();
  }

  /** @internal Closes the queue of a port that stays open. */
  giveUp(): void {
    this.close();
    this.#native.close();
  }

  /** @internal The connection has ended, and everything that it left has been delivered. */
  onDown(): void {
    if (this.#setup.mode !== "polling" && !this.#busy) this.#memories.forget();
  }

  #deliver(count: number, handler: MemifHandler): void {
    this.#busy = true;
    startHandler();
    try {
      this.#batch.fill(this.#memory(), count);
      handler(this.#batch, this);
      this.#finish(this.#batch);
    } finally {
      this.#batch.release();
      this.#busy = false;
      endHandler();
      if (this.#closed) this.#forget();
    }
  }

  /** Follows the marks that the handler has set. */
  #finish(batch: MemifBatch): void {
    if (this.#setup.forwarding !== undefined) this.#setup.forwarding.finish(batch, this.#passage);
    else if (batch.marked && !this.#closed) {
      this.#passage.send(this.#setup.replyQueue(), batch, MARK.reply, countMarks(batch).get(MARK.reply) ?? 0);
    }
  }

  /** Returns the memory of the burst. */
  #memory(): RegionMemory {
    const [index, connection] = this.#state;
    return index === SCRATCH ? this.#scratch : this.#memories.get(connection!, index!);
  }

  #forget(): void {
    // The next owner of the queue gets their buffers. The buffers of a port that is closed have no other owner.
    if (this.#setup.isAttached) for (const packet of this.#kept) packet.release();
    this.#kept.clear();
    this.#memories.forget();
    this.#scratch.revoke();
  }

  #retain(i: number): RetainedPacket | undefined {
    const kept = this.#native.retain(i);
    if (kept === 1) return undefined;
    if (kept === 2) {
      const limit = "a client keeps up to spareBuffers, a server up to half of the ring";
      throw new PuntError("batch.retain", "ERR_NO_SPARE", `too many packets are retained: ${limit}`);
    }
    if (typeof kept === "number")
      throw new PuntError("batch.retain", "ERR_RETAINED", `packet ${i} is retained already`);
    const packet = new InPlacePacket(kept.buffer, () => {
      this.#kept.delete(packet);
      this.#native.giveBack(kept.token);
    });
    this.#kept.add(packet);
    return packet;
  }

  #refusePoll(): never {
    if (this.#closed) throw new PuntError("memif.poll", "ERR_CLOSED", "the port is closed");
    if (this.#busy)
      throw new PuntError("memif.poll", "ERR_IN_HANDLER", "poll was called from inside a handler of the same queue");
    const message = `queue ${this.index} calls its handler by itself (${this.#setup.mode})`;
    throw new PuntError("memif.poll", "ERR_NOT_POLLING", message);
  }
}

/** Returns the error of a receive queue that has another opener. */
export function queueTaken(index: number): PuntError {
  const message = `receive queue ${index} is open already, here or in another thread`;
  return new PuntError("memif.rx", "ERR_QUEUE_TAKEN", message);
}

function refuseArguments(handler: unknown, max: unknown): void {
  const check = new OptionCheck("memif.poll");
  check.callback("handler", handler);
  check.integer("max", max, 1, MOST);
}

class InPlacePacket implements RetainedPacket {
  readonly inPlace = true;
  readonly bytes: Uint8Array;
  readonly #buffer: ArrayBuffer;
  readonly #giveBack: () => void;
  #released = false;

  constructor(buffer: ArrayBuffer, giveBack: () => void) {
    this.#buffer = buffer;
    this.#giveBack = giveBack;
    this.bytes = new Uint8Array(buffer);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    native.detachArrayBuffer(this.#buffer);
    this.#giveBack();
  }
}
