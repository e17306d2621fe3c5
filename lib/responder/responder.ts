// Answers ARP, neighbor discovery and ping on a memif: behind it there is no kernel that would.
import { Memif } from "../memif/index.js";
import { OptionCheck, show } from "../options.js";
import { BatchSubset, type PacketBatch } from "../packet/index.js";
import { ANSWER_KINDS, type AnswerCounts, type AnswerKind, Answers } from "./answers.js";
import { Frame } from "./frame.js";
import { HeldPackets } from "./held.js";
import { type Own, ownOf } from "./own.js";

/** The addresses that are answered for. */
export interface ResponderAddresses {
  /** MAC address of this end, such as `02:fe:00:00:00:01`. */
  readonly mac: string;
  /** IP addresses, with their prefix lengths or without: `10.0.0.1/24`, `2001:db8::1`. With an IPv6 address comes the link-local one. */
  readonly ipAddresses: readonly string[];
  /** Whether to announce the addresses when the port is connected, and when they change. Default true. */
  readonly announce?: boolean;
  /**
   * MAC address that answers to pings go to, where a router leaves the address of the host before it in the frame, as VPP does for ABX.
   * Default: the sender's in the frame.
   */
  readonly router?: string;
}

export interface AnswerOptions {
  /** The questions to answer. Default: all. */
  readonly kinds?: readonly AnswerKind[];
  /** Whether the handler gets frames that were answered, too. Default false. */
  readonly passAnswered?: boolean;
  /** The most answers of each kind in a burst; the frames beyond it are dropped. 1 to 4,096, default 64. */
  readonly answersPerBurst?: number;
}

export interface ResponderOptions extends AnswerOptions, ResponderAddresses {}

/** Counters of a responder since it was opened. */
export interface ResponderStats extends Readonly<AnswerCounts> {
  /** Packets that came before the first handler and found no room: 1,024 are held. */
  readonly dropped: number;
}

const DEFAULT_LIMIT = 64;
/** Of a memif's settings. */
const IP_MODE = 1;
const ADDRESS_NAMES = ["mac", "ipAddresses", "announce", "router"];
const NAMES = [...ADDRESS_NAMES, "kinds", "passAnswered", "answersPerBurst"];

/** @throws PuntError ERR_OPTION */
export function checkAnswerOptions(check: OptionCheck, options: AnswerOptions): void {
  const { kinds, passAnswered, answersPerBurst } = options;
  if (kinds !== undefined && !Array.isArray(kinds)) check.refuse("kinds", "must be a list of arp, nd and ping");
  for (const kind of kinds ?? []) check.oneOf("kinds", kind, ANSWER_KINDS);
  if (passAnswered !== undefined) check.boolean("passAnswered", passAnswered);
  if (answersPerBurst !== undefined) check.integer("answersPerBurst", answersPerBurst, 1, 4096);
}

/**
 * Answers ARP requests, neighbor solicitations and pings for the addresses of a memif port's end, before a handler sees them.
 *
 * It uses transmit queue 0. Packets that come before the first `receive` are held. Not answered, but left to the handler: frames that are
 * malformed, fragments, packets with IP options or extension headers, and frames from a group, from an address of this end, or with a
 * wrong checksum.
 */
export class Responder {
  readonly #port: Memif;
  readonly #answers: Answers;
  readonly #passAnswered: boolean;
  readonly #frame = new Frame();
  readonly #held = new HeldPackets();
  #own: Own;
  #announces: boolean;
  #handler: ((batch: PacketBatch) => void) | undefined;
  #subset = new BatchSubset(0);
  #capacity = 0;

  private constructor(port: Memif, options: ResponderOptions) {
    const check = new OptionCheck("responder.on");
    if (!(port instanceof Memif)) check.refuse("port", `must be a memif port; got ${show(port)}`);
    if (port.own?.mode === IP_MODE) check.refuse("port", 'must carry Ethernet frames; its mode is "ip"');
    check.known(options, NAMES);
    checkAnswerOptions(check, options);
    this.#port = port;
    this.#answers = new Answers(options.kinds ?? ANSWER_KINDS, options.answersPerBurst ?? DEFAULT_LIMIT);
    this.#passAnswered = options.passAnswered ?? false;
    this.#own = ownOf(check, options.mac, options.ipAddresses, options.router);
    this.#announces = announcesOf(check, options);
  }

  /**
   * Begins to answer on a port. In rxMode `"polling"` the program calls `take` with each burst.
   *
   * @throws PuntError ERR_OPTION: an option is out of its range; ERR_QUEUE_TAKEN: the port has a handler; ERR_CLOSED
   * @example
   * ```ts
   * import { Memif, Responder } from "vpp-punt";
   *
   * const port = Memif.open({ role: "client", socket: "/run/vpp/memif.sock" });
   * const responder = Responder.on(port, { mac: "02:fe:00:00:00:01", ipAddresses: ["10.0.0.2/24"] });
   * responder.receive((batch) => console.log(`${batch.length} packets are left`));
   * ```
   */
  static on(port: Memif, options: ResponderOptions): Responder {
    const responder = new Responder(port, options);
    if (port.handle.rxMode !== "polling") port.receive((batch) => responder.#onBatch(batch));
    port.on("up", () => responder.#announce());
    if (port.peer) responder.#announce();
    return responder;
  }

  /**
   * Calls `handler` with what is left of each burst, first with what is held; the batch is valid until it returns. Another handler takes
   * the place of this one.
   *
   * @throws PuntError ERR_OPTION: not a function
   */
  receive(handler: (batch: PacketBatch) => void): void {
    new OptionCheck("responder.receive").callback("handler", handler);
    this.#handler = handler;
    this.#held.deliver(handler);
  }

  /**
   * Answers what can be answered of a burst, and calls `handler` with the rest; not if nothing is left. For a port in rxMode `"polling"`:
   * `port.rx().poll((batch) => responder.take(batch, handler))`.
   */
  take(batch: PacketBatch, handler: (batch: PacketBatch) => void): void {
    const { frames, isLeft } = this.#answer(batch);
    if (frames.length > 0) this.#send(frames);
    const left = isLeft.reduce((count, is) => count + Number(is), 0);
    if (left === 0) return;
    if (left === batch.length) handler(batch);
    else this.#passOn(batch, isLeft, handler);
  }

  /** Answers for other addresses from now on. @throws PuntError ERR_OPTION */
  update(addresses: ResponderAddresses): void {
    const check = new OptionCheck("responder.update");
    check.known(addresses, ADDRESS_NAMES);
    const own = ownOf(check, addresses.mac, addresses.ipAddresses, addresses.router);
    const isSame = keyOf(own) === keyOf(this.#own);
    this.#announces = announcesOf(check, addresses);
    this.#own = own;
    if (!isSame && this.#port.peer) this.#announce();
  }

  /** Returns the counters. */
  stats(): ResponderStats {
    return { ...this.#answers.counts, dropped: this.#held.dropped };
  }

  #onBatch(batch: PacketBatch): void {
    this.take(batch, this.#handler ?? ((rest) => this.#held.take(rest)));
  }

  #answer(batch: PacketBatch): { frames: Uint8Array[]; isLeft: boolean[] } {
    const { bytes, offsets, lengths } = batch.raw();
    const frames: Uint8Array[] = [];
    const isLeft: boolean[] = [];
    this.#answers.startBurst();
    for (let i = 0; i < batch.length; i++) {
      this.#frame.set(bytes, offsets[i]!, lengths[i]!);
      const outcome = this.#answers.outcomeOf(this.#frame, this.#own);
      if (outcome instanceof Uint8Array) frames.push(outcome);
      isLeft.push(outcome === "handler" || (this.#passAnswered && outcome !== "dropped"));
    }
    return { frames, isLeft };
  }

  #send(frames: readonly Uint8Array[]): void {
    this.#answers.counts.unsent += frames.length - this.#port.send(frames);
  }

  #passOn(batch: PacketBatch, isLeft: readonly boolean[], handler: (batch: PacketBatch) => void): void {
    if (batch.length > this.#capacity) {
      this.#capacity = batch.length;
      this.#subset = new BatchSubset(batch.length);
    }
    try {
      handler(this.#subset.choose(batch, (i) => isLeft[i]!));
    } finally {
      this.#subset.release();
    }
  }

  #announce(): void {
    if (!this.#announces) return;
    const frames = this.#answers.announcements(this.#own);
    if (frames.length > 0) this.#answers.counts.announced += this.#port.send(frames);
  }
}

function announcesOf(check: OptionCheck, { announce }: ResponderAddresses): boolean {
  return announce === undefined ? true : check.boolean("announce", announce);
}

function keyOf({ mac, ip4, ip6 }: Own): string {
  return [mac, [...ip4], ...ip6].join(" ");
}
