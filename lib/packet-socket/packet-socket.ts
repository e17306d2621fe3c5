// The port over a packet socket: receiving in batches, sending, and what becomes of its device.
import { EventEmitter } from "node:events";
import { PuntError } from "../errors.js";
import { type NativePacketSocket, native } from "../native.js";
import { BatchTable, PacketBatch } from "../packet/index.js";
import { type LinkState, LinkWatch } from "./link.js";
import { RingMemory } from "./memory.js";
import { checkOptions, type PacketSocketOptions, socketOf } from "./options.js";
import { Sender } from "./sender.js";
import { type PacketSocketStats, toStats } from "./stats.js";

export interface PacketSocketEvents {
  /** The device went down or up, was removed, or was made again. */
  link: [state: LinkState];
  /** There is room again, after `send` had not taken all packets. */
  drain: [];
}

/** Gets the packets of a burst. The batch and all views on it end when the handler returns. */
export type PacketHandler = (batch: PacketBatch) => void;

/** Batches that an iterator hands out before the event loop gets its turn. */
const BATCHES_A_TURN = 16;

/**
 * Sends and receives the Ethernet frames of a network device (AF_PACKET): of a TAP above all, of which Linux's sockets show UDP
 * and TCP only. The frames of a batch lie where the kernel has put them (TPACKET_V3), as a wire would carry them: with their
 * VLAN tags, with complete checksums, cut to segments. What this host itself sends is left out.
 *
 * Packets come to the handler of `receive`; by `for await (const batch of port)`; or by calling `poll`. While the program is busy
 * they wait in the ring, and when that is full the kernel drops the newest and counts them. A device that is removed and made
 * again under its name is followed.
 *
 * ```ts
 * const port = PacketSocket.open({ device: "tap0" });
 * port.receive((batch) => { for (let i = 0; i < batch.length; i++) console.log(batch.u16(i, 12)); });
 * port.send(frame);
 * ```
 */
export class PacketSocket extends EventEmitter<PacketSocketEvents> implements AsyncIterable<PacketBatch> {
  /** Name of the device. */
  readonly device: string;
  readonly #native: NativePacketSocket;
  readonly #batch: PacketBatch;
  readonly #memory: RingMemory;
  readonly #sender: Sender;
  readonly #link: LinkWatch;
  #handler: PacketHandler | undefined;
  #waiting: ((result: IteratorResult<PacketBatch, undefined>) => void) | undefined;
  #iterating = false;
  #inHandler = false;
  #paused = false;
  #lastStats: PacketSocketStats | undefined;

  /**
   * Opens a packet socket on a device, or sets up a given socket.
   *
   * @throws PuntError ERR_OPTION: an option is wrong (`details.option`).
   * @throws PuntError EPERM: without CAP_NET_RAW, and no `descriptor` was given.
   * @throws PuntError ENODEV: the device is not there.
   * @throws PuntError ENOMEM: for the ring. Another errno name: the system call failed with it.
   */
  static open(options: PacketSocketOptions): PacketSocket {
    return new PacketSocket(options);
  }

  private constructor(options: PacketSocketOptions) {
    super();
    const checked = checkOptions(options);
    const table = new BatchTable(checked.batchSize);
    this.#batch = new PacketBatch(table);
    const socket = socketOf(options);
    try {
      this.#native = new native.PacketSocket(
        socket.handOver(),
        checked,
        new Uint32Array(table.buffer),
        (count) => this.#receive(count),
        () => this.emit("drain"),
        () => this.#link.look(),
      );
    } finally {
      socket.close();
    }
    this.device = this.#native.name();
    this.#memory = new RingMemory(this.#native);
    this.#sender = new Sender(this.#native, () => this.#native.watchRoom());
    this.#link = new LinkWatch(this.#native, (state) => this.emit("link", state));
    this.#native.setRef(false);
    this.#native.stop();
  }

  /** Whether the device is up. */
  get link(): LinkState {
    return this.#link.state;
  }

  /**
   * Has `handler` called with every burst from now on, and keeps the process running for that.
   *
   * @throws PuntError ERR_MODE: the port has a handler or is being iterated.
   * @throws PuntError ERR_CLOSED: the port is closed.
   */
  receive(handler: PacketHandler): this {
    this.#mustBeFree("packet-socket.receive");
    if (typeof handler !== "function") {
      throw new PuntError("packet-socket.receive", "ERR_OPTION", "the handler must be a function", {
        option: "handler",
      });
    }
    this.#handler = handler;
    this.#native.setRef(true);
    if (!this.#paused) this.#native.start();
    return this;
  }

  /**
   * Hands one burst to `handler` if packets wait, without waiting for any, and returns how many there were: for a loop that runs
   * to completion. What the handler throws comes out of here.
   *
   * @throws PuntError ERR_MODE: the port has a handler or is being iterated.
   * @throws PuntError ERR_CLOSED: the port is closed.
   */
  poll(handler: PacketHandler): number {
    this.#mustBeFree("packet-socket.poll");
    const count = this.#native.pull();
    if (count > 0) this.#deliver(count, handler);
    return count;
  }

  /**
   * Returns the batches as they come; each is valid until the next call of `next`. While the loop's body works, packets wait in the ring.
   * Leaving the loop leaves the port open, and `close` ends the loop.
   *
   * @throws PuntError ERR_MODE: the port has a handler or is being iterated.
   * @throws PuntError ERR_CLOSED: the port is closed.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<PacketBatch, undefined> {
    this.#mustBeFree("packet-socket.iterate");
    this.#iterating = true;
    this.#native.setRef(true);
    let sinceWaiting = 0;
    const iterator: AsyncIterableIterator<PacketBatch, undefined> = {
      [Symbol.asyncIterator]: () => iterator,
      next: () => {
        this.#batch.release();
        if (!this.#iterating) return Promise.resolve({ done: true, value: undefined });
        if (this.#waiting !== undefined) {
          const error = new PuntError("packet-socket.iterate", "ERR_MODE", "next() before the last one was settled");
          return Promise.reject(error);
        }
        sinceWaiting = sinceWaiting === BATCHES_A_TURN ? 0 : sinceWaiting + 1;
        const count = sinceWaiting === 0 || this.#paused ? 0 : this.#native.pull();
        return count > 0 ? Promise.resolve({ done: false, value: this.#fill(count) }) : this.#wait();
      },
      return: () => {
        this.#endIteration();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
    return iterator;
  }

  /**
   * Sends frames, each from its Ethernet header on, and returns how many were accepted, from the first on. The others were not
   * sent and are the caller's; a `drain` event says when there is room. A frame of a wrong size is passed over and counted.
   *
   * @throws PuntError ERR_OPTION: the argument is something else. ERR_CLOSED: the port is closed.
   */
  send(packets: Uint8Array | readonly Uint8Array[] | PacketBatch): number {
    if (this.#lastStats !== undefined) throw closed("packet-socket.send");
    return this.#sender.send(packets);
  }

  /** Hands out no packets until `resume`: they wait in the ring, and the kernel drops and counts what does not fit. */
  pause(): void {
    this.#paused = true;
    this.#native.stop();
  }

  /** Ends `pause`. */
  resume(): void {
    this.#paused = false;
    if (this.#handler !== undefined || this.#waiting !== undefined) this.#native.start();
  }

  /** Returns the counters since opening; those at closing once closed. */
  stats(): PacketSocketStats {
    return this.#lastStats ?? toStats(this.#native.stats(), this.#sender.counters, this.#link.state);
  }

  /** Keeps the process running while the port is open (the default with a handler or an iterator). */
  ref(): this {
    this.#native.setRef(true);
    return this;
  }

  /** Lets the process end although the port is open. */
  unref(): this {
    this.#native.setRef(false);
    return this;
  }

  /** Stops receiving. In a handler the batch stays valid until it returns. Does nothing the second time. */
  close(): void {
    if (this.#lastStats !== undefined) return;
    this.#lastStats = this.stats();
    this.#link.stop();
    this.#native.close();
    this.#endIteration();
    if (!this.#inHandler) this.#forget();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #mustBeFree(op: string): void {
    if (this.#lastStats !== undefined) throw closed(op);
    if (this.#handler === undefined && !this.#iterating && !this.#inHandler) return;
    const taken = this.#inHandler ? "a handler is running" : "packets go to a handler or an iterator";
    throw new PuntError(op, "ERR_MODE", taken);
  }

  #receive(count: number): void {
    if (this.#handler !== undefined) {
      this.#deliver(count, this.#handler);
      return;
    }
    const settle = this.#waiting!;
    this.#waiting = undefined;
    this.#native.stop();
    settle({ done: false, value: this.#fill(count) });
  }

  #deliver(count: number, handler: PacketHandler): void {
    this.#inHandler = true;
    try {
      handler(this.#fill(count));
    } finally {
      this.#inHandler = false;
      this.#batch.release();
      if (this.#lastStats !== undefined) this.#forget();
    }
  }

  #fill(count: number): PacketBatch {
    this.#batch.fill(this.#memory, count);
    return this.#batch;
  }

  #wait(): Promise<IteratorResult<PacketBatch, undefined>> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      if (!this.#paused) this.#native.start();
    });
  }

  #endIteration(): void {
    if (!this.#iterating) return;
    this.#iterating = false;
    this.#batch.release();
    this.#native.stop();
    this.#native.setRef(false);
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  /** Lets go of the ring: nothing shows its memory any more. */
  #forget(): void {
    this.#batch.release();
    this.#memory.revoke();
  }
}

function closed(op: string): PuntError {
  return new PuntError(op, "ERR_CLOSED", "the port is closed");
}
