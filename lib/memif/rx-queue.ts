import { PuntError } from "../errors.js";
import type { NativeMemifRx, NativeMemifRxStatistics } from "../native.js";
import { native } from "../native.js";
import { BatchTable, PacketBatch, type RetainedPacket } from "../packet/batch.js";
import { endHandler, startHandler } from "./doorbells.js";
import { MemoryTable, RegionMemory } from "./region-memory.js";

/**
 * Called with the packets of a burst. The batch and all views on it end when the handler returns; a promise it returns is not
 * waited for.
 */
export type MemifHandler = (batch: PacketBatch, queue: MemifRxQueue) => void;

/** Index of the memory that scattered packets are copied to (kScratchMemory in native/memif/port/batch.h). */
const SCRATCH = 0xffff;
const MODES = { interrupt: 0, polling: 1, adaptive: 2 } as const;

/** @internal How a queue is opened. */
export interface RxQueueSetup {
  index: number;
  burst: number;
  mode: keyof typeof MODES;
  copy: boolean;
  handler: MemifHandler | undefined;
  open(options: Parameters<import("../native.js").NativeMemifPort["openRx"]>[1]): NativeMemifRx | undefined;
  statistics(): NativeMemifRxStatistics;
}

/** One receive queue of a port. It belongs to the thread that opened it. */
export class MemifRxQueue {
  /** Number of the queue, from 0. */
  readonly index: number;
  private readonly table: BatchTable;
  private readonly batch: PacketBatch;
  private readonly state = new Uint32Array(2);
  private readonly memories: MemoryTable;
  private readonly native: NativeMemifRx;
  private busy = false;
  private closed = false;

  /** @internal Ports make their queues. */
  constructor(private readonly setup: RxQueueSetup) {
    this.index = setup.index;
    this.table = new BatchTable(setup.burst);
    this.batch = new PacketBatch(this.table);
    this.memories = new MemoryTable((index) => this.makeMemory(index));
    const opened = setup.open({
      table: this.table.buffer,
      capacity: setup.burst,
      state: this.state,
      mode: MODES[setup.mode],
      copy: setup.copy,
      onBurst: (count) => this.deliver(count, setup.handler!),
    });
    if (opened === undefined) {
      throw new PuntError(
        "memif.rx",
        "ERR_QUEUE_TAKEN",
        `receive queue ${setup.index} is open already, here or in another thread`,
      );
    }
    this.native = opened;
  }

  /**
   * Pulls one burst of at most `max` packets and hands it to `handler`; returns how many there were, 0 without a call when there
   * are none or nobody is connected. For queues that were opened for polling.
   *
   * A loop that never returns to the event loop gets no events, and memory that was shown by `view` is not freed meanwhile: let
   * the event loop have a turn now and then.
   */
  poll(handler: MemifHandler, max: number = this.setup.burst): number {
    if (this.busy || this.setup.mode !== "polling") this.refusePoll();
    const count = this.native.burst(max);
    if (count === 0) return 0;
    try {
      this.deliver(count, handler);
    } finally {
      this.native.release();
    }
    return count;
  }

  /** Counters since the port was opened. */
  statistics(): NativeMemifRxStatistics {
    return this.setup.statistics();
  }

  /** @internal */
  close(): void {
    this.closed = true;
    this.memories.forget();
  }

  /** @internal The connection has ended, and everything it left has been delivered. */
  onDown(): void {
    if (this.setup.mode !== "polling") this.memories.forget();
  }

  private deliver(count: number, handler: MemifHandler): void {
    this.busy = true;
    startHandler();
    try {
      this.batch.fill(this.memories.get(this.state[1]!, this.state[0]!), count);
      handler(this.batch, this);
    } finally {
      this.batch.release();
      this.busy = false;
      endHandler();
      if (this.closed) this.memories.forget();
    }
  }

  private makeMemory(index: number): RegionMemory {
    const make = () => this.native.memory(index);
    if (index === SCRATCH) return new RegionMemory(make, this.setup.copy);
    return new RegionMemory(make, false, (i) => this.retain(i));
  }

  private retain(i: number): RetainedPacket | undefined {
    const kept = this.native.retain(i);
    if (kept === 1) return undefined;
    if (kept === 2) {
      const limit = "as client that is spareBuffers, as server half of the ring";
      throw new PuntError("batch.retain", "ERR_NO_SPARE", `too many packets are retained: ${limit}`);
    }
    if (typeof kept === "number")
      throw new PuntError("batch.retain", "ERR_RETAINED", `packet ${i} is retained already`);
    return new InPlacePacket(kept.buffer, () => this.native.giveBack(kept.token));
  }

  private refusePoll(): never {
    if (this.busy)
      throw new PuntError("memif.poll", "ERR_IN_HANDLER", "poll was called from inside a handler of the same queue");
    throw new PuntError(
      "memif.poll",
      "ERR_NOT_POLLING",
      `queue ${this.index} calls its handler by itself (${this.setup.mode})`,
    );
  }
}

class InPlacePacket implements RetainedPacket {
  readonly inPlace = true;
  readonly bytes: Uint8Array;
  private released = false;

  constructor(
    private readonly buffer: ArrayBuffer,
    private readonly giveBack: () => void,
  ) {
    this.bytes = new Uint8Array(buffer);
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    native.detachArrayBuffer(this.buffer);
    this.giveBack();
  }
}
