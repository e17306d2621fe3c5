// Sends packets to VPP through its punt socket.
import { EventEmitter } from "node:events";
import { getSystemErrorName } from "node:util";
import { Descriptor } from "../descriptor/index.js";
import { PuntError } from "../errors.js";
import { guarded } from "../guarded.js";
import { type NativePuntInjector, native } from "../native.js";
import { OptionCheck } from "../options.js";
import { DESCRIPTOR_SIZE, MAX_INJECTED, MIN_INJECTED, PuntAction } from "./descriptor.js";
import { DEFAULT_VPP_PUNT_PATH } from "./options.js";

/** Whether an interface exists in VPP: a set that the application keeps current (only `has` is called), or a function. */
export type KnownInterfaces = Pick<ReadonlySet<number>, "has"> | ((swIfIndex: number) => boolean);

export interface PuntInjectorOptions {
  /**
   * The interfaces of VPP by sw_if_index, as its API reports them (`sw_interface_dump`, `sw_interface_event`). Every call asks for its
   * interface: VPP does not check the index of an injected packet, and an unknown index crashes it. Anything but `true` means no.
   */
  knownInterfaces: KnownInterfaces;
  /** VPP's punt socket, from `punt_socket_register_reply.pathname`. Default {@link DEFAULT_VPP_PUNT_PATH}. */
  vppPath?: string;
  /**
   * In place of `vppPath`: a datagram socket that another process has connected to VPP's, as `connectPuntSocket` does. The injector
   * takes it over. Once VPP is gone, it sends nothing more.
   */
  descriptor?: Descriptor;
}

/** Counters of an injector since it was opened. */
export interface PuntInjectorStats {
  /** Packets that the kernel took for VPP, and their bytes. VPP counts the packets that it drops itself. */
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

/** Packets a system call, and the memory of each: an odd number of cache lines spreads them over the cache. */
const SLOTS = 64;
const SLOT = 33 * 64;
/** How often the injector looks for a VPP that was not there. */
const RETRY_MS = 200;

const OP = "punt-injector.inject";

/** The errors of sending, or connecting, to a VPP that is not there. */
const ABSENCE: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOENT", "ENOTCONN", "ECONNRESET"]);
/** The errors of a queue that is full. */
const FULLNESS: ReadonlySet<string> = new Set(["EAGAIN", "ENOBUFS", "ENOMEM"]);

/**
 * Injects packets into VPP through its punt socket: frames out of an interface, or IP packets to be routed.
 *
 * `inject` and `injectAll` return how many packets were accepted. The others were not sent and remain the caller's; a `drain` event
 * says when to go on. VPP takes one packet an event: some 400,000 a second, or 13,000 when its main thread polls a device.
 */
export class PuntInjector extends EventEmitter<PuntInjectorEvents> implements Disposable {
  readonly #native: NativePuntInjector;
  readonly #isKnown: (swIfIndex: number) => boolean;
  readonly #counters: PuntInjectorStats = {
    packets: 0,
    bytes: 0,
    refused: { full: 0, disconnected: 0, unknownInterface: 0, size: 0, action: 0 },
  };
  /** Where the packets of one system call are gathered. */
  readonly #staging = new Uint8Array(SLOTS * SLOT);
  readonly #lengths = new Uint32Array(SLOTS);
  #drainOwed = false;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * Connects to VPP's socket, now or when it is there.
   *
   * @throws PuntError ERR_OPTION: an option is wrong (`details.option`); EACCES or EPERM: this process's user may not write to VPP's
   * socket file; the errno name of another failure
   * @example
   * ```ts
   * import { PuntAction, PuntInjector } from "vpp-punt";
   * import { Vpp } from "vpp-punt/binapi";
   *
   * await using vpp = await Vpp.connect();
   * const interfaces = await vpp.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
   * const known = new Set(interfaces.map(({ sw_if_index }) => sw_if_index));
   * using injector = PuntInjector.open({ knownInterfaces: known });
   * injector.inject(PuntAction.L2, 1, new Uint8Array(60));
   * ```
   */
  static open(options: PuntInjectorOptions): PuntInjector {
    return new PuntInjector(options);
  }

  private constructor(options: PuntInjectorOptions) {
    super();
    const op = "punt-injector.open";
    const check = new OptionCheck(op);
    check.known(options, ["knownInterfaces", "vppPath", "descriptor"]);
    this.#isKnown = interfaceCheck(check, options.knownInterfaces);
    const { descriptor } = options;
    const path = pathOf(check, options);
    const onRoom = () => this.#drain();
    try {
      this.#native = new native.PuntInjector(path, onRoom, this.#staging, this.#lengths, descriptor?.handOver());
    } finally {
      descriptor?.close();
    }
    const error = this.#native.connect();
    if (error !== undefined && !ABSENCE.has(error)) {
      this.close();
      throw new PuntError(op, error, `VPP's punt socket ${path} refuses this process (${error})`, { path });
    }
  }

  /**
   * Sends one packet: a frame for `PuntAction.L2`, an IP packet for the other actions. The bytes may be reused at once.
   *
   * @param swIfIndex the interface to send out of (L2), or the RX interface whose FIB routes the packet
   * @returns true when the packet was accepted; false when there is no room, or no VPP, at present: `drain` follows
   * @throws PuntError ERR_UNKNOWN_INTERFACE, ERR_PACKET_SIZE, ERR_ACTION: the packet would crash or confuse VPP, and is not sent;
   * ERR_CLOSED
   */
  inject(action: PuntAction, swIfIndex: number, packet: Uint8Array): boolean {
    this.#check(action, swIfIndex, 1);
    this.#checkSize(packet, 0);
    let result = this.#native.send(action, swIfIndex, packet);
    if (result < 0 && this.#recovers(result)) result = this.#native.send(action, swIfIndex, packet);
    if (result === 1) {
      this.#counters.packets++;
      this.#counters.bytes += packet.length;
      return true;
    }
    this.#refuse(result, 1);
    return false;
  }

  /**
   * Sends packets in order, all with the same action and interface. Checks all of them before it sends any.
   *
   * @returns how many were accepted, from the front; `drain` follows when not all were
   * @throws PuntError as `inject`; `details.index` says which packet
   * @example
   * ```ts
   * import { PuntAction, PuntInjector } from "vpp-punt";
   *
   * const injector = PuntInjector.open({ knownInterfaces: new Set([1]) });
   * const frames = [new Uint8Array(60), new Uint8Array(60)];
   * const accepted = injector.injectAll(PuntAction.L2, 1, frames);
   * if (accepted < frames.length) injector.once("drain", () => console.log("there is room again"));
   * ```
   */
  injectAll(action: PuntAction, swIfIndex: number, packets: readonly Uint8Array[]): number {
    if (!Array.isArray(packets)) new OptionCheck(OP).refuse("packets", "must be an array of Uint8Array");
    this.#check(action, swIfIndex, packets.length);
    for (let i = 0; i < packets.length; i++) this.#checkSize(packets[i]!, i);
    let accepted = 0;
    while (accepted < packets.length) {
      const count = Math.min(SLOTS, packets.length - accepted);
      const sent = this.#sendStaged(action, swIfIndex, packets, accepted, count);
      if (sent > 0) accepted += sent;
      if (sent < count) {
        this.#refuse(sent, packets.length - accepted);
        break;
      }
    }
    return accepted;
  }

  /**
   * Connects to VPP's punt socket as it is now. After a restart of VPP, sending does the same by itself.
   *
   * @returns whether the injector is connected
   */
  reconnect(): boolean {
    return !this.#closed && this.#native.connect() === undefined;
  }

  /** Returns the counters since opening. */
  stats(): PuntInjectorStats {
    return { ...this.#counters, refused: { ...this.#counters.refused } };
  }

  /** Closes the socket. Packets that the kernel took still reach VPP; no events follow. Does nothing the second time. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Sends `count` packets from index `from` on. Returns how many were accepted; if none, a negative errno value. */
  #sendStaged(
    action: PuntAction,
    swIfIndex: number,
    packets: readonly Uint8Array[],
    from: number,
    count: number,
  ): number {
    for (let i = 0; i < count; i++) {
      const packet = packets[from + i]!;
      this.#staging.set(packet, i * SLOT + DESCRIPTOR_SIZE);
      this.#lengths[i] = packet.length;
    }
    let sent = this.#native.sendMany(action, swIfIndex, count);
    if (sent < 0 && this.#recovers(sent)) sent = this.#native.sendMany(action, swIfIndex, count);
    for (let i = 0; i < sent; i++) this.#counters.bytes += this.#lengths[i]!;
    this.#counters.packets += Math.max(sent, 0);
    return sent;
  }

  #check(action: number, swIfIndex: number, packets: number): void {
    if (this.#closed) throw new PuntError(OP, "ERR_CLOSED", "the injector is closed");
    if (action !== PuntAction.L2 && action !== PuntAction.IP4_ROUTED && action !== PuntAction.IP6_ROUTED) {
      this.#counters.refused.action += packets;
      throw new PuntError(OP, "ERR_ACTION", `action ${action}: there are L2 = 0, IP4_ROUTED = 1, IP6_ROUTED = 2`, {
        action,
      });
    }
    // A number that is not a 32-bit index would be sent as another index.
    // The promise of an asynchronous function would pass for a yes.
    if (swIfIndex >>> 0 !== swIfIndex || this.#isKnown(swIfIndex) !== true) {
      this.#counters.refused.unknownInterface += packets;
      const message = `VPP has no interface with sw_if_index ${swIfIndex}; injecting there would crash it`;
      throw new PuntError(OP, "ERR_UNKNOWN_INTERFACE", message, { swIfIndex });
    }
  }

  #checkSize(packet: Uint8Array, index: number): void {
    // Not its length alone: native code can't find the bytes of what is not a Uint8Array.
    const length = packet instanceof Uint8Array ? packet.length : Number.NaN;
    if (length >= MIN_INJECTED && length <= MAX_INJECTED) return;
    this.#counters.refused.size++;
    const hint = length === 0 ? " (a view is empty once its handler has returned)" : "";
    const what = Number.isNaN(length) ? "is not a Uint8Array" : `has ${length} bytes${hint}`;
    const message = `packet ${index} ${what}: VPP takes ${MIN_INJECTED} to ${MAX_INJECTED} bytes`;
    throw new PuntError(OP, "ERR_PACKET_SIZE", message, { index, length });
  }

  /** Nothing was sent, with that errno: connects to a restarted VPP. Returns whether to send again. */
  #recovers(result: number): boolean {
    return ABSENCE.has(getSystemErrorName(result)) && this.#native.connect() === undefined;
  }

  /** Counts packets that were not accepted, and arranges for `drain` to follow. */
  #refuse(result: number, packets: number): void {
    const name = result < 0 ? getSystemErrorName(result) : "EAGAIN";
    if (ABSENCE.has(name)) {
      this.#counters.refused.disconnected += packets;
      this.#retryLater();
    } else if (FULLNESS.has(name)) {
      this.#counters.refused.full += packets;
      this.#drainOwed = true;
      this.#native.watchRoom();
    } else {
      throw new PuntError(OP, name, `VPP's punt socket takes no packet (${name})`);
    }
  }

  #retryLater(): void {
    this.#drainOwed = true;
    if (this.#retry !== undefined) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      if (this.#native.connect() === undefined) this.#drain();
      else this.#retryLater();
    }, RETRY_MS);
  }

  #drain(): void {
    if (!this.#drainOwed || this.#closed) return;
    this.#drainOwed = false;
    guarded(() => void this.emit("drain"));
  }
}

/** VPP's path; empty for a socket that is connected already. */
function pathOf(check: OptionCheck, { descriptor, vppPath }: PuntInjectorOptions): string {
  if (descriptor === undefined) return check.socketPath("vppPath", vppPath ?? DEFAULT_VPP_PUNT_PATH);
  if (!(descriptor instanceof Descriptor)) check.refuse("descriptor", "must be a Descriptor");
  return vppPath === undefined ? "" : check.refuse("vppPath", "does not go with descriptor");
}

function interfaceCheck(check: OptionCheck, known: KnownInterfaces): (swIfIndex: number) => boolean {
  if (typeof known === "function") return known;
  if (typeof known?.has === "function") return (swIfIndex) => known.has(swIfIndex);
  return check.refuse(
    "knownInterfaces",
    "must be a set of sw_if_index or a function that says whether VPP has an interface",
  );
}
