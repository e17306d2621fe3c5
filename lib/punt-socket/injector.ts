import { EventEmitter } from "node:events";
import { getSystemErrorName } from "node:util";
import { PuntError } from "../errors.js";
import { type NativePuntInjector, native } from "../native.js";
import { PuntAction } from "./batch.js";
import { DEFAULT_VPP_PUNT_PATH, knownNames, refuse, socketPath } from "./options.js";

/** Whether an interface exists in VPP: a set that is kept up to date (asked with `has`), or a function. */
export type KnownInterfaces = Pick<ReadonlySet<number>, "has"> | ((swIfIndex: number) => boolean);

export interface PuntInjectorOptions {
  /**
   * The interfaces that VPP has, by sw_if_index, as its API tells (`sw_interface_dump`, `sw_interface_event`). Asked for every
   * call: VPP does not check the index of an injected packet, and one that it does not know crashes it.
   */
  knownInterfaces: KnownInterfaces;
  /** VPP's punt socket, from `punt_socket_register_reply.pathname`. Default {@link DEFAULT_VPP_PUNT_PATH}. */
  vppPath?: string;
}

/** Counters of an injector since it was opened. */
export interface PuntInjectorStats {
  /** Packets that the kernel has taken for VPP, and their bytes. VPP may still drop them; it counts that itself. */
  packets: number;
  bytes: number;
  /** Packets that were not sent, by cause. */
  refused: {
    /** VPP's queue was full: a `drain` event follows. */
    full: number;
    /** VPP was not there: a `drain` event follows when it is. */
    disconnected: number;
    /** Not in `knownInterfaces`. */
    unknownInterface: number;
    /** Not 21 to 2048 bytes. */
    size: number;
    /** Not one of PuntAction. */
    action: number;
  };
}

export interface PuntInjectorEvents {
  /** There is room again, after packets were not accepted. */
  drain: [];
}

/** Of the packet, without the descriptor: VPP takes datagrams of 28 bytes or less for an error, and cuts off after 2048. */
const MIN_PACKET = 21;
const MAX_PACKET = 2048;
const DESCRIPTOR = 8;
/** Packets a system call, and the memory of each: an odd number of cache lines, which spreads them over the cache. */
const SLOTS = 64;
const SLOT = 33 * 64;
/** How often it looks for a VPP that was not there. */
const RETRY_MS = 200;

const NAMES: ReadonlySet<string> = new Set(["knownInterfaces", "vppPath"]);
const OP = "punt-injector.inject";

/**
 * Injects packets into VPP through its punt socket: frames out of an interface, or IP packets to be routed.
 *
 * `inject` and `injectAll` say how many packets were accepted. The others were not sent and are the caller's; a `drain` event
 * says when to go on. VPP takes one packet an event: some 400,000 a second, or 13,000 when its main thread polls a device.
 */
export class PuntInjector extends EventEmitter<PuntInjectorEvents> {
  private readonly native: NativePuntInjector;
  private readonly isKnown: (swIfIndex: number) => boolean;
  private readonly counters: PuntInjectorStats = {
    packets: 0,
    bytes: 0,
    refused: { full: 0, disconnected: 0, unknownInterface: 0, size: 0, action: 0 },
  };
  /** Where packets of one system call are gathered. */
  private readonly staging = new Uint8Array(SLOTS * SLOT);
  private readonly lengths = new Uint32Array(SLOTS);
  private drainOwed = false;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;

  /**
   * Connects to VPP's socket if it is there, and else when it is.
   *
   * @throws PuntError ERR_OPTION (an option is wrong: `details.option`), EACCES or EPERM (VPP's socket is not for this
   * process: its file must be writable by the process's user).
   */
  static open(options: PuntInjectorOptions): PuntInjector {
    return new PuntInjector(options);
  }

  private constructor(options: PuntInjectorOptions) {
    super();
    const op = "punt-injector.open";
    knownNames(op, options, NAMES);
    this.isKnown = interfaceCheck(op, options.knownInterfaces);
    const path = socketPath(op, "vppPath", options.vppPath ?? DEFAULT_VPP_PUNT_PATH);
    this.native = new native.PuntInjector(path, () => this.drain(), this.staging, this.lengths);
    const error = this.native.connect();
    if (error !== undefined && !isAbsence(error)) {
      this.close();
      throw new PuntError(op, error, `VPP's punt socket ${path} refuses this process (${error})`, { path });
    }
  }

  /**
   * Sends one packet: a frame for `PuntAction.L2`, an IP packet for the others. The bytes may be reused at once.
   *
   * @param swIfIndex the interface to send out of (L2), or the RX interface whose FIB to route in
   * @returns true when it was accepted; false when there is no room, or no VPP, now: `drain` follows
   * @throws PuntError ERR_UNKNOWN_INTERFACE, ERR_PACKET_SIZE, ERR_ACTION: what would crash or confuse VPP; nothing is sent.
   * ERR_CLOSED once closed.
   */
  inject(action: PuntAction, swIfIndex: number, packet: Uint8Array): boolean {
    this.check(action, swIfIndex, 1);
    this.checkSize(packet, 0);
    let result = this.native.send(action, swIfIndex, packet);
    if (result < 0 && this.recovers(result)) result = this.native.send(action, swIfIndex, packet);
    if (result === 1) {
      this.counters.packets++;
      this.counters.bytes += packet.length;
      return true;
    }
    this.refuse(result, 1);
    return false;
  }

  /**
   * Sends packets in order, all with the same action and interface. Checks all of them before it sends any.
   *
   * @returns how many were accepted, from the front; when not all of them, `drain` follows
   * @throws as `inject`; `details.index` says which packet
   */
  injectAll(action: PuntAction, swIfIndex: number, packets: readonly Uint8Array[]): number {
    if (!Array.isArray(packets)) throw new PuntError(OP, "ERR_OPTION", "packets: an array of Uint8Array is expected");
    this.check(action, swIfIndex, packets.length);
    for (let i = 0; i < packets.length; i++) this.checkSize(packets[i]!, i);
    let accepted = 0;
    while (accepted < packets.length) {
      const count = Math.min(SLOTS, packets.length - accepted);
      const sent = this.sendStaged(action, swIfIndex, packets, accepted, count);
      if (sent > 0) accepted += sent;
      if (sent < count) {
        this.refuse(sent, packets.length - accepted);
        break;
      }
    }
    return accepted;
  }

  /** Connects to VPP's punt socket as it is now: after a restart of VPP. Sending notices by itself. Returns success. */
  reconnect(): boolean {
    return !this.closed && this.native.connect() === undefined;
  }

  /** Counters since opening. */
  stats(): PuntInjectorStats {
    return { ...this.counters, refused: { ...this.counters.refused } };
  }

  /** What the kernel has taken still reaches VPP. No more events follow. Does nothing the second time. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.retry);
    this.native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Sends `count` packets from index `from` on. How many were accepted; if none, a negative errno value. */
  private sendStaged(
    action: PuntAction,
    swIfIndex: number,
    packets: readonly Uint8Array[],
    from: number,
    count: number,
  ): number {
    for (let i = 0; i < count; i++) {
      const packet = packets[from + i]!;
      this.staging.set(packet, i * SLOT + DESCRIPTOR);
      this.lengths[i] = packet.length;
    }
    let sent = this.native.sendMany(action, swIfIndex, count);
    if (sent < 0 && this.recovers(sent)) sent = this.native.sendMany(action, swIfIndex, count);
    for (let i = 0; i < sent; i++) this.counters.bytes += this.lengths[i]!;
    this.counters.packets += Math.max(sent, 0);
    return sent;
  }

  private check(action: number, swIfIndex: number, packets: number): void {
    if (this.closed) throw new PuntError(OP, "ERR_CLOSED", "the injector is closed");
    if (action !== PuntAction.L2 && action !== PuntAction.IP4_ROUTED && action !== PuntAction.IP6_ROUTED) {
      this.counters.refused.action += packets;
      throw new PuntError(OP, "ERR_ACTION", `action ${action}: there are L2 = 0, IP4_ROUTED = 1, IP6_ROUTED = 2`, {
        action,
      });
    }
    // Whatever is no 32-bit index would be sent as another one.
    if (swIfIndex >>> 0 !== swIfIndex || !this.isKnown(swIfIndex)) {
      this.counters.refused.unknownInterface += packets;
      const message = `VPP has no interface with sw_if_index ${swIfIndex}; injecting there would crash it`;
      throw new PuntError(OP, "ERR_UNKNOWN_INTERFACE", message, { swIfIndex });
    }
  }

  private checkSize(packet: Uint8Array, index: number): void {
    // Not its length alone: what is no Uint8Array has bytes that native code cannot find.
    const length = packet instanceof Uint8Array ? packet.length : Number.NaN;
    if (length >= MIN_PACKET && length <= MAX_PACKET) return;
    this.counters.refused.size++;
    const what = Number.isNaN(length) ? "is no Uint8Array" : `of ${length} bytes`;
    const message = `packet ${index} ${what}: VPP takes ${MIN_PACKET} to ${MAX_PACKET} bytes`;
    throw new PuntError(OP, "ERR_PACKET_SIZE", message, { index, length });
  }

  /** Nothing was sent, with that errno: tries to reach a restarted VPP. True if sending again makes sense. */
  private recovers(result: number): boolean {
    return isAbsence(getSystemErrorName(result)) && this.native.connect() === undefined;
  }

  /** Accounts for packets that were not accepted, and sees to it that `drain` follows. */
  private refuse(result: number, packets: number): void {
    const name = result < 0 ? getSystemErrorName(result) : "EAGAIN";
    if (isAbsence(name)) {
      this.counters.refused.disconnected += packets;
      this.retryLater();
    } else if (name === "EAGAIN" || name === "ENOBUFS" || name === "ENOMEM") {
      this.counters.refused.full += packets;
      this.drainOwed = true;
      this.native.watchRoom();
    } else {
      throw new PuntError(OP, name, `VPP's punt socket takes no packet (${name})`);
    }
  }

  private retryLater(): void {
    this.drainOwed = true;
    if (this.retry !== undefined) return;
    this.retry = setTimeout(() => {
      this.retry = undefined;
      if (this.native.connect() === undefined) this.drain();
      else this.retryLater();
    }, RETRY_MS);
  }

  private drain(): void {
    if (!this.drainOwed || this.closed) return;
    this.drainOwed = false;
    this.emit("drain");
  }
}

/** The errors of sending, or connecting, to a VPP that is not there. */
function isAbsence(error: string): boolean {
  return error === "ECONNREFUSED" || error === "ENOENT" || error === "ENOTCONN" || error === "ECONNRESET";
}

function interfaceCheck(op: string, known: KnownInterfaces): (swIfIndex: number) => boolean {
  if (typeof known === "function") return known;
  if (typeof known?.has === "function") return (swIfIndex) => known.has(swIfIndex);
  return refuse(op, "knownInterfaces", "must be a set of sw_if_index or a function that says whether VPP has one");
}
