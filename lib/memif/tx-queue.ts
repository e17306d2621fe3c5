import { PuntError } from "../errors.js";
import type { NativeMemifPort, NativeMemifTx, NativeMemifTxStatistics } from "../native.js";
import { BatchTable, PacketBatch } from "../packet/batch.js";
import { ring } from "./doorbells.js";
import { DrainWatch } from "./drain-watch.js";
import { MemoryTable, RegionMemory } from "./region-memory.js";
import { TxSlots } from "./tx-slots.js";

/** Longest packet that can be sent; it takes as many slots as it needs. */
export const MAX_PACKET = 65535;

/** @internal How a queue is opened. */
export interface TxQueueSetup {
  index: number;
  burst: number;
  bufferSize: number;
  ringSize: number;
  copy: boolean;
  open(options: Parameters<NativeMemifPort["openTx"]>[1]): NativeMemifTx | undefined;
  statistics(): NativeMemifTxStatistics;
  onDrain(queue: MemifTxQueue): void;
}

/** One transmit queue of a port. It belongs to the thread that opened it. */
export class MemifTxQueue {
  /** Number of the queue, from 0. */
  readonly index: number;
  private readonly table: BatchTable;
  private readonly state = new Uint32Array(2);
  private readonly memories: MemoryTable;
  private readonly native: NativeMemifTx;
  private readonly drain: DrainWatch;
  private slots: TxSlots | undefined;

  /** @internal Ports make their queues. */
  constructor(private readonly setup: TxQueueSetup) {
    this.index = setup.index;
    this.table = new BatchTable(setup.burst);
    this.memories = new MemoryTable((index) => new RegionMemory(() => this.native.memory(index)));
    const opened = setup.open({ table: this.table.buffer, capacity: setup.burst, state: this.state });
    if (opened === undefined) {
      throw new PuntError(
        "memif.tx",
        "ERR_QUEUE_TAKEN",
        `transmit queue ${setup.index} is open already, here or in another thread`,
      );
    }
    this.native = opened;
    this.drain = new DrainWatch(
      () => opened.freeSlots(),
      setup.ringSize / 4,
      () => setup.onDrain(this),
    );
  }

  /**
   * Sends packets by copying them: one, several, or those of a received batch. Returns how many were taken, in order; fewer than
   * given when the ring is full (a `drain` event follows) or nobody is connected. Each must have 1 to 65535 bytes: a packet that
   * has not is an error (`ERR_PACKET_SIZE`; `ERR_INVALID_PACKET` if it is no Uint8Array), and none is sent.
   */
  send(packets: Uint8Array | readonly Uint8Array[] | PacketBatch): number {
    this.slots?.end();
    let given = 1;
    let taken: number;
    if (packets instanceof Uint8Array) {
      taken = this.sendOne(packets);
    } else if (packets instanceof PacketBatch) {
      given = packets.length;
      taken = this.sendBatch(packets);
    } else {
      if (!Array.isArray(packets)) refusePackets();
      given = packets.length;
      taken = this.sendMany(packets);
    }
    if (taken > 0) ring(this.native);
    if (taken < given) this.refuse(given - taken);
    return taken;
  }

  /**
   * Free slots to write packets into, at most `count`: fewer, or none, when the ring is full or nobody is connected. They stay
   * yours until `commit`, the next `allocate`, or `send`.
   */
  allocate(count: number): TxSlots {
    this.slots?.end();
    if (this.setup.copy) throw new PuntError("memif.allocate", "ERR_NO_ZERO_COPY", "the port copies: use send");
    const got = this.native.reserve(count);
    if (got < count) this.refuse(0);
    const memory = this.memories.get(this.state[1]!, this.state[0]!);
    this.slots = new TxSlots(memory, this.table, got);
    return this.slots;
  }

  /**
   * Sends the first `count` (default all) of the slots allocated last, each with the length set for it. Views on them are empty
   * from now on.
   */
  commit(count?: number): void {
    const slots = this.slots;
    if (slots === undefined || slots.ended) {
      throw new PuntError("memif.commit", "ERR_NO_SLOTS", "no slots are allocated, or they were sent already");
    }
    const sent = count ?? slots.length;
    if (sent > slots.length) {
      throw new PuntError("memif.commit", "ERR_OUT_OF_RANGE", `${sent} of ${slots.length} slots`);
    }
    slots.end();
    const done = this.native.commit(sent);
    if (done < sent && this.native.freeSlots() > 0) {
      throw new PuntError(
        "memif.commit",
        "ERR_PACKET_SIZE",
        `slot ${done} has no length yet: set it by view(i, length)`,
      );
    }
    if (done > 0) ring(this.native);
  }

  /** Slots that are free now: 0 when the ring is full or nobody is connected. */
  freeSlots(): number {
    return this.native.freeSlots();
  }

  /** Counters since the port was opened. */
  statistics(): NativeMemifTxStatistics {
    return this.setup.statistics();
  }

  /** @internal */
  close(): void {
    this.drain.stop();
    this.onDown();
  }

  /** @internal */
  onDown(): void {
    this.slots?.end();
    this.memories.forget();
  }

  private refuse(packets: number): void {
    this.native.countRefused(packets);
    this.drain.start();
  }

  private sendOne(packet: Uint8Array): number {
    checkPacket(packet, 0);
    return this.native.append(packet) === 0 ? 1 : 0;
  }

  private sendBatch(batch: PacketBatch): number {
    const { bytes, offsets, lengths } = batch.raw();
    return this.native.appendTable(bytes, offsets, lengths, batch.length);
  }

  private sendMany(packets: readonly Uint8Array[]): number {
    for (let i = 0; i < packets.length; i++) checkPacket(packets[i]!, i);
    let done = 0;
    while (done < packets.length) {
      const took = this.setup.copy ? 0 : this.fillSlots(packets, done);
      done += took;
      // What did not fit a slot goes through the chaining path, which also knows whether the ring is full.
      if (took === 0 && this.native.append(packets[done]!) !== 0) break;
      if (took === 0) done++;
    }
    return done;
  }

  /** Copies packets from `first` on into one slot each, for as long as they fit; returns how many were sent. */
  private fillSlots(packets: readonly Uint8Array[], first: number): number {
    const room = this.native.reserve(packets.length - first);
    if (room === 0) return 0;
    const bytes = this.memories.get(this.state[1]!, this.state[0]!).bytes();
    const { offsets, lengths } = this.table;
    let i = 0;
    for (; i < room; i++) {
      const packet = packets[first + i]!;
      if (packet.length > lengths[i]!) break;
      bytes.set(packet, offsets[i]!);
      lengths[i] = packet.length;
    }
    if (i > 0) this.native.commit(i);
    return i;
  }
}

function refusePackets(): never {
  const message = "what is sent must be a Uint8Array, an array of them, or a received batch";
  throw new PuntError("memif.send", "ERR_INVALID_PACKET", message);
}

function checkPacket(packet: Uint8Array, i: number): void {
  if (!(packet instanceof Uint8Array)) {
    throw new PuntError("memif.send", "ERR_INVALID_PACKET", `packet ${i} is not a Uint8Array`);
  }
  const length = packet.length;
  if (length === 0 || length > MAX_PACKET) {
    throw new PuntError(
      "memif.send",
      "ERR_PACKET_SIZE",
      `packet ${i} has ${length} bytes; 1 to ${MAX_PACKET} can be sent`,
    );
  }
}
