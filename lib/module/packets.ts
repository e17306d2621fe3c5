// Packets one by one, for `for await`: each is a copy with what a responder needs.
import { PuntError } from "../errors.js";
import { checkBytes } from "./bytes.js";
import { parseUdp, type UdpEndpoint, type UdpFrame } from "./udp.js";

export interface ReplyOptions {
  /** IP address that the answer comes from, where the packet went to a group, or by broadcast to a subnet. */
  readonly source?: string;
}

/** The interface and the interconnect that a packet came by. */
export interface PacketPlace {
  readonly interface: string | undefined;
  readonly swIfIndex: number;
  readonly interconnect: number;
  /** Whether the addresses of the frame are made up: VPP has to route an answer. */
  readonly isMadeUp?: boolean;
}

/** Sends an answer. */
export type Replier = (packet: CnfPacket, udp: UdpFrame, payload: Uint8Array, options: ReplyOptions) => boolean;

/** A received packet. It is the application's own. */
export class CnfPacket {
  /**
   * The Ethernet frame. At a punt socket its addresses are zeros where VPP sends none: of a packet from a tunnel, and before VPP 23.06 of a frame
   * with two VLAN tags, which are missing too.
   */
  readonly frame: Uint8Array;
  /** The interface that it came in on: by VPP's name at a punt socket, otherwise as the request names it. Undefined where it is not known. */
  readonly interface: string | undefined;
  /** VPP's index of that interface; 0 over a memif and a TAP, which carry none. */
  readonly swIfIndex: number;
  /** Index of the interconnect in the punt's metadata. */
  readonly interconnect: number;
  /** @internal */
  readonly isMadeUp: boolean;
  readonly #udp: UdpFrame | undefined;
  readonly #reply: Replier;

  /** @internal */
  constructor(frame: Uint8Array, place: PacketPlace, reply: Replier) {
    this.frame = frame;
    this.interface = place.interface;
    this.swIfIndex = place.swIfIndex;
    this.interconnect = place.interconnect;
    this.isMadeUp = place.isMadeUp ?? false;
    this.#udp = parseUdp(frame);
    this.#reply = reply;
  }

  /** The UDP payload; undefined if the frame is not a whole UDP datagram right behind an IP header. Checksums are not looked at. */
  get payload(): Uint8Array | undefined {
    return this.#udp?.payload;
  }

  get source(): UdpEndpoint | undefined {
    return this.#udp?.source;
  }

  get destination(): UdpEndpoint | undefined {
    return this.#udp?.destination;
  }

  /**
   * Answers a UDP datagram: with headers and checksums, the way it came. Where the frame has no addresses, VPP routes the answer. A host
   * without an address, such as a DHCP client, is answered by broadcast.
   *
   * @returns whether the answer was accepted; false when there is no room, or VPP is away
   * @throws PuntError ERR_NOT_UDP; ERR_NO_SOURCE: it went to a group, and no source was given; ERR_PACKET_SIZE; ERR_INVALID_PACKET: `payload` is
   * not a Uint8Array
   * @example
   * ```ts
   * import { openPunt } from "vpp-punt/module";
   *
   * await using daytime = await openPunt({ cnf: "daytime", udp: 13 });
   * for await (const packet of daytime.packets()) if (packet.payload) packet.reply(Buffer.from(new Date().toISOString()));
   * ```
   */
  reply(payload: Uint8Array, options: ReplyOptions = {}): boolean {
    if (!this.#udp) {
      const message = "the packet is not a whole UDP datagram; answer it by send()";
      throw new PuntError("packet.reply", "ERR_NOT_UDP", message);
    }
    checkBytes("packet.reply", "payload", payload);
    return this.#reply(this, this.#udp, payload, options);
  }
}

/** The most packets that wait for a loop's body. */
const LONGEST_QUEUE = 4096;

interface Reader {
  resolve(result: IteratorResult<CnfPacket, undefined>): void;
  reject(error: Error): void;
}

/** Packets that wait for `for await`. The newest are dropped and counted when the loop is late. */
export class PacketQueue implements AsyncIterableIterator<CnfPacket, undefined> {
  dropped = 0;
  readonly #waiting: CnfPacket[] = [];
  readonly #readers: Reader[] = [];
  readonly #onEnd: () => void;
  #isEnded = false;
  /** Why the loop ends, until it has heard. */
  #failure: Error | undefined;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  put(packet: CnfPacket): void {
    const reader = this.#readers.shift();
    if (reader) reader.resolve({ done: false, value: packet });
    else if (this.#waiting.length < LONGEST_QUEUE) this.#waiting.push(packet);
    else this.dropped++;
  }

  next(): Promise<IteratorResult<CnfPacket, undefined>> {
    const packet = this.#waiting.shift();
    if (packet) return Promise.resolve({ done: false, value: packet });
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) return Promise.reject(failure);
    if (this.#isEnded) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<CnfPacket, undefined>> {
    this.#waiting.length = 0;
    this.end();
    this.#onEnd();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends the loop, once it has had what waits. */
  end(): void {
    this.#isEnded = true;
    for (const { resolve } of this.#readers.splice(0)) resolve({ done: true, value: undefined });
  }

  /** Ends the loop by an error, once it has had what waits. */
  fail(error: Error): void {
    const [reader] = this.#readers.splice(0, 1);
    if (reader) reader.reject(error);
    else this.#failure = error;
    this.end();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
