// A transmit queue: packets on their way into a peer's ring, copied or written in place.
import { PuntError } from "../errors.js";
import type { NativeMemifPort, NativeMemifTx, NativeMemifTxStats } from "../native.js";
import { BatchTable, PacketBatch } from "../packet/index.js";
import { ring, ringsNow } from "./doorbells.js";
import { DrainWatch } from "./drain-watch.js";
import { MemoryTable, RegionMemory } from "./region-memory.js";
import { TxSlots } from "./tx-slots.js";

/** Longest packet that can be sent, in bytes; it takes as many slots as it needs. */
const MAX_PACKET = 65535;

/** Counters of one transmit queue. */
export interface MemifTxStats extends NativeMemifTxStats {}

/** @internal How a queue is opened. */
export interface TxQueueSetup {
  index: number;
  /** Number of the port, for native code. */
  port: number;
  burst: number;
  ringSize: number;
  copy: boolean;
  open(options: Parameters<NativeMemifPort["openTx"]>[1]): NativeMemifTx | undefined;
  isConnected(): boolean;
  stats(): NativeMemifTxStats;
  onDrain(queue: MemifTxQueue): void;
}

/**
 * One transmit queue of a port. It belongs to the thread that opened it.
 * @example
 * ```ts
 * import { Memif } from "vpp-punt";
 *
 * const port = Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id: 0 });
 * const queue = port.tx();
 * const frames = [new Uint8Array(60), new Uint8Array(60)];
 * const taken = queue.send(frames);
 * // The ring is full, or there is no peer: the others go when there is room.
 * if (taken < frames.length) port.once("drain", () => queue.send(frames.slice(taken)));
 * ```
 */
export class MemifTxQueue {
  /** Number of the queue, from 0. */
  readonly index: number;
  /** @internal Number of the port. */
  readonly port: number;
  readonly #setup: TxQueueSetup;
  readonly #table: BatchTable;
  readonly #state = new Uint32Array(2);
  readonly #memories: MemoryTable;
  readonly #native: NativeMemifTx;
  readonly #capacities: Uint32Array;
  readonly #drain: DrainWatch;
  #slots: TxSlots | undefined;
  #closed = false;

  /** @internal Ports make their queues. */
  constructor(setup: TxQueueSetup) {
    this.#setup = setup;
    this.index = setup.index;
    this.port = setup.port;
    this.#table = new BatchTable(setup.burst);
    this.#capacities = new Uint32Array(setup.burst);
    this.#memories = new MemoryTable((index) => new RegionMemory(() => this.#native.memory(index)));
    const opened = setup.open({ table: this.#table.buffer, capacity: setup.burst, state: this.#state });
    if (opened === undefined) {
      const message = `transmit queue ${setup.index} is open already, here or in another thread`;
      throw new PuntError("memif.tx", "ERR_QUEUE_TAKEN", message);
    }
    this.#native = opened;
    this.#drain = new DrainWatch({
      isConnected: () => setup.isConnected(),
      free: () => opened.freeSlots(),
      enough: setup.ringSize / 4,
      done: () => setup.onDrain(this),
    });
  }

  /**
   * Sends packets by copying them: one, several, or those of a received batch. Returns how many were taken, in order. It takes fewer
   * than given if the ring is full or no peer is connected; a `drain` event follows when there is room.
   *
   * @throws PuntError ERR_PACKET_SIZE: a packet does not have 1 to 65535 bytes, or the first one does not fit the peer's empty ring
   *   (`ringSize` times `bufferSize` of the client); none is sent.
   * @throws PuntError ERR_INVALID_PACKET: a packet is not a Uint8Array; none is sent.
   * @throws PuntError ERR_BATCH_RELEASED: the batch's handler has returned.
   * @throws PuntError ERR_CLOSED: the port is closed.
   */
  send(packets: Uint8Array | readonly Uint8Array[] | PacketBatch): number {
    this.#checkOpen("send");
    this.#slots?.end();
    let given = 1;
    let taken: number;
    if (packets instanceof Uint8Array) {
      taken = this.#sendOne(packets);
    } else if (packets instanceof PacketBatch) {
      given = packets.length;
      taken = this.#sendBatch(packets);
    } else {
      if (!Array.isArray(packets)) refusePackets();
      given = packets.length;
      taken = this.#sendMany(packets);
    }
    if (taken > 0) this.#ringLater();
    if (taken === 0 && given > 0) this.#checkFits(firstLength(packets));
    if (taken < given) this.#refuse(given - taken);
    return taken;
  }

  /**
   * Returns free slots to write packets into, at most `count`: fewer, or none, if the ring is full or no peer is connected. They are
   * the caller's until `commit`, the next `allocate`, or `send`. With a `template` every slot holds a copy of it already, and the caller
   * changes what differs: native code copies 64 bytes in a third of the time that `set` takes.
   *
   * @throws PuntError ERR_OUT_OF_RANGE: `count` is not a whole number from 0 on.
   * @throws PuntError ERR_PACKET_SIZE: the template does not have 1 to as many bytes as a slot takes.
   * @throws PuntError ERR_INVALID_PACKET: the template is not a Uint8Array.
   * @throws PuntError ERR_NO_ZERO_COPY: the port copies (`zeroCopy` is false).
   * @throws PuntError ERR_CLOSED: the port is closed.
   */
  allocate(count: number, template?: Uint8Array): TxSlots {
    this.#checkOpen("allocate");
    this.#slots?.end();
    if (this.#setup.copy) throw new PuntError("memif.allocate", "ERR_NO_ZERO_COPY", "the port copies: use send");
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new PuntError("memif.allocate", "ERR_OUT_OF_RANGE", `${count} slots; a whole number from 0 on is allowed`);
    }
    const wanted = Math.min(count, this.#setup.burst);
    const got = this.#native.reserve(wanted);
    if (got < wanted) this.#refuse(0);
    const memory = this.#memories.get(this.#state[1]!, this.#state[0]!);
    this.#slots = new TxSlots(memory, this.#table, this.#capacities, got);
    if (template !== undefined) this.#fill(this.#slots, template);
    return this.#slots;
  }

  /**
   * Sends the first `count` (default all) of the slots allocated last, each with the length set for it. Views on them are empty
   * afterwards.
   *
   * @throws PuntError ERR_NO_SLOTS: no slots are allocated, or they were sent already.
   * @throws PuntError ERR_OUT_OF_RANGE: `count` is not a whole number from 0 to the number of slots.
   * @throws PuntError ERR_PACKET_SIZE: a slot has no length yet; none is sent.
   */
  commit(count?: number): void {
    const slots = this.#slots;
    if (slots === undefined || slots.ended) {
      throw new PuntError("memif.commit", "ERR_NO_SLOTS", "no slots are allocated, or they were sent already");
    }
    const sent = count ?? slots.length;
    if (!Number.isInteger(sent) || sent < 0 || sent > slots.length) {
      throw new PuntError("memif.commit", "ERR_OUT_OF_RANGE", `${sent} of ${slots.length} slots`);
    }
    slots.end();
    const done = this.#native.commit(sent, ringsNow());
    if (done < sent && this.#native.freeSlots() > 0) {
      const message = `slot ${done} has no length yet: set it by view(i, length)`;
      throw new PuntError("memif.commit", "ERR_PACKET_SIZE", message);
    }
    if (done > 0) this.#ringLater();
  }

  /** Returns the number of slots that are free now: 0 if the ring is full or no peer is connected. */
  freeSlots(): number {
    return this.#native.freeSlots();
  }

  /** Returns the counters since the port was opened. */
  stats(): MemifTxStats {
    return this.#setup.stats();
  }

  /** @internal */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** @internal */
  close(): void {
    this.#closed = true;
    this.#drain.stop();
    this.onDown();
  }

  /** @internal Closes the queue of a port that stays open. */
  giveUp(): void {
    this.close();
    this.#native.close();
  }

  /** @internal */
  onUp(): void {
    this.#drain.connected();
  }

  /** @internal */
  onDown(): void {
    this.#drain.disconnected();
    this.#slots?.end();
    this.#memories.forget();
  }

  #checkOpen(op: string): void {
    if (this.#closed) throw new PuntError(`memif.${op}`, "ERR_CLOSED", "the port is closed");
  }

  /** @internal A receive queue has passed packets on: `sent` of `given` had room. */
  passedOn(sent: number, given: number): void {
    if (this.#closed) return;
    this.#slots?.end();
    if (sent > 0) ring(this.#native);
    if (sent < given) this.#refuse(given - sent);
  }

  /** In a handler: outside of one the call that sends rings too, which saves a call. */
  #ringLater(): void {
    if (!ringsNow()) ring(this.#native);
  }

  #fill(slots: TxSlots, template: Uint8Array): void {
    checkPacket(template, 0);
    const filled = this.#native.fill(template, slots.length);
    if (filled === slots.length) return;
    const message = `a template of ${template.length} bytes in slot ${filled}, which takes ${slots.capacity(filled)}`;
    slots.end();
    throw new PuntError("memif.allocate", "ERR_PACKET_SIZE", message);
  }

  /** A packet that no state of the ring has room for would be given again at each drain event. */
  #checkFits(length: number): void {
    if (!this.#native.isTooLong(length)) return;
    const message = `a packet of ${length} bytes does not fit the peer's ring, even when it is empty`;
    throw new PuntError("memif.send", "ERR_PACKET_SIZE", message);
  }

  #refuse(packets: number): void {
    this.#native.countRefused(packets);
    this.#drain.start();
  }

  #sendOne(packet: Uint8Array): number {
    checkPacket(packet, 0);
    return this.#native.append(packet, ringsNow()) === 0 ? 1 : 0;
  }

  #sendBatch(batch: PacketBatch): number {
    const { bytes, table } = batch.raw();
    return this.#native.appendTable(bytes, table, batch.length, ringsNow());
  }

  #sendMany(packets: readonly Uint8Array[]): number {
    if (this.#setup.copy) checkPackets(packets, 0);
    let done = 0;
    while (done < packets.length) {
      const took = this.#setup.copy ? 0 : this.#fillSlots(packets, done);
      done += took;
      // A packet that does not fit one slot takes the chaining path, which also knows whether the ring is full.
      if (took === 0 && this.#native.append(packets[done]!, ringsNow()) !== 0) break;
      if (took === 0) done++;
    }
    return done;
  }

  /** Copies packets from `first` on into one slot each, as long as they fit. Returns how many were sent: none before all were checked. */
  #fillSlots(packets: readonly Uint8Array[], first: number): number {
    const isUnchecked = first === 0;
    const room = this.#native.reserve(packets.length - first);
    if (room === 0) {
      if (isUnchecked) checkPackets(packets, 0);
      return 0;
    }
    const bytes = this.#memories.get(this.#state[1]!, this.#state[0]!).bytes();
    const { offsets, lengths } = this.#table;
    let i = 0;
    for (; i < room; i++) {
      const packet = packets[first + i]!;
      if (isUnchecked) checkPacket(packet, i);
      if (packet.length > lengths[i]!) break;
      bytes.set(packet, offsets[i]!);
      lengths[i] = packet.length;
    }
    if (isUnchecked) checkPackets(packets, i);
    if (i > 0) this.#native.commit(i, ringsNow());
    return i;
  }
}

function firstLength(packets: Uint8Array | readonly Uint8Array[] | PacketBatch): number {
  if (packets instanceof PacketBatch) return packets.byteLength(0);
  return packets instanceof Uint8Array ? packets.length : packets[0]!.length;
}

function refusePackets(): never {
  const message = "packets must be a Uint8Array, an array of Uint8Arrays, or a received batch";
  throw new PuntError("memif.send", "ERR_INVALID_PACKET", message);
}

function checkPackets(packets: readonly Uint8Array[], first: number): void {
  for (let i = first; i < packets.length; i++) checkPacket(packets[i]!, i);
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
