// The port over a packet socket: receiving in batches, sending, and what becomes of its device.
import { EventEmitter } from "node:events";
import { PuntError } from "../errors.js";
import { guarded } from "../guarded.js";
import { type NativePacketSocket, native } from "../native.js";
import { OptionCheck } from "../options.js";
import { BatchFeed, BatchTable, checkFilter, PacketBatch, type PortFilter } from "../packet/index.js";
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

/**
 * Sends and receives the Ethernet frames of a network device (AF_PACKET): of a TAP above all, of which Linux's sockets show UDP
 * and TCP only. The frames of a batch lie where the kernel has put them (TPACKET_V3), as a wire would carry them: with their
 * VLAN tags, with complete checksums, cut to segments. What this host itself sends is left out.
 *
 * Packets come to the handler of `receive`; by `for await (const batch of port)`; or by calling `poll`. While the program is busy
 * they wait in the ring, and when that is full the kernel drops the newest and counts them. A device that is removed and made
 * again under its name is followed.
 */
export class PacketSocket extends EventEmitter<PacketSocketEvents> implements AsyncIterable<PacketBatch> {
  /** Name of the device. */
  readonly device: string;
  readonly #native: NativePacketSocket;
  readonly #feed: BatchFeed<PacketBatch>;
  readonly #sender: Sender;
  readonly #link: LinkWatch;
  #lastStats: PacketSocketStats | undefined;

  /**
   * Opens a packet socket on a device, or sets up a given socket.
   *
   * @throws PuntError ERR_OPTION: an option is wrong (`details.option`).
   * @throws PuntError EPERM: without CAP_NET_RAW, and no `descriptor` was given.
   * @throws PuntError ENODEV: the device is not there.
   * @throws PuntError ENOMEM: for the ring. Another errno name: the system call failed with it.
   * @example
   * ```ts
   * import { describeFrame, PacketSocket } from "vpp-punt";
   *
   * using port = PacketSocket.open({ device: "tap0" });
   * for await (const batch of port) for (const frame of batch) console.log(describeFrame(frame));
   * ```
   */
  static open(options: PacketSocketOptions): PacketSocket {
    return new PacketSocket(options);
  }

  private constructor(options: PacketSocketOptions) {
    super();
    const checked = checkOptions(options);
    const table = new BatchTable(checked.batchSize);
    const socket = socketOf(options);
    try {
      this.#native = new native.PacketSocket(
        socket.handOver(),
        checked,
        new Uint32Array(table.buffer),
        (count) => this.#feed.onBurst(count),
        () => guarded(() => void this.emit("drain")),
        () => this.#link.look(),
      );
    } finally {
      socket.close();
    }
    this.device = this.#native.name();
    this.#native.setFilter(checked.filter?.handle);
    const memory = new RingMemory(this.#native);
    this.#feed = new BatchFeed("packet-socket", this.#native, {
      create: () => new PacketBatch(table),
      memory: () => memory,
      forget: () => memory.revoke(),
    });
    this.#sender = new Sender(this.#native, () => this.#native.watchRoom());
    this.#link = new LinkWatch(this.#native, (state) => guarded(() => void this.emit("link", state)));
    this.#native.setRef(false);
    this.#native.stop();
  }

  /** Whether the device is up. */
  get link(): LinkState {
    return this.#link.state;
  }

  /**
   * Calls `handler` with every burst from now on, and keeps the process running for that; a further call replaces the handler.
   *
   * @throws PuntError ERR_OPTION: not a function; ERR_MODE: an iterator takes the packets; ERR_CLOSED
   */
  receive(handler: PacketHandler): void {
    this.#feed.receive(handler);
  }

  /**
   * Passes one burst to the handler if packets wait, without waiting for any, and returns the number of packets: for a loop that runs
   * to completion. An error that the handler throws comes out of here.
   *
   * @throws PuntError ERR_MODE: packets go to a handler or an iterator; ERR_CLOSED
   */
  poll(handler: PacketHandler): number {
    return this.#feed.poll(handler);
  }

  /**
   * Returns the batches as they come; each is valid until the loop asks for the next, also after `close`. While the loop's body works,
   * packets wait in the ring. Leaving the loop leaves the port open, and `close` ends the loop.
   *
   * @throws PuntError ERR_MODE: packets go to a handler or another iterator; ERR_CLOSED
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<PacketBatch, undefined> {
    return this.#feed.iterate();
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

  /** @internal How many frames of a wrong size `send` has passed over. */
  get unfit(): number {
    return this.#sender.counters.refused.size;
  }

  /** Hands out no packets until `resume`: they wait in the ring, and the kernel drops and counts what does not fit. */
  pause(): void {
    this.#feed.pause();
  }

  /** Ends `pause`. */
  resume(): void {
    this.#feed.resume();
  }

  /**
   * Changes the option `filter`, from the next burst on; undefined: the handler gets all packets.
   *
   * @throws PuntError ERR_OPTION: neither a filter nor rules, or a rule has the action `"pass"`
   */
  setFilter(filter: PortFilter | undefined): void {
    this.#native.setFilter(checkFilter(new OptionCheck("packet-socket.setFilter"), filter)?.handle);
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

  /** Stops receiving. The current batch stays valid until its handler returns, or its loop asks for the next. Does nothing the second time. */
  close(): void {
    if (this.#lastStats !== undefined) return;
    this.#lastStats = this.stats();
    this.#link.stop();
    this.#native.close();
    this.#feed.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function closed(op: string): PuntError {
  return new PuntError(op, "ERR_CLOSED", "the port is closed");
}
