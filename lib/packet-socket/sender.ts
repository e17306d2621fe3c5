// The sending side of a packet socket: frames of any memory, in bursts.
import { getSystemErrorName } from "node:util";
import { PuntError } from "../errors.js";
import type { NativePacketSocket } from "../native.js";
import { show } from "../options.js";
import { PacketBatch } from "../packet/index.js";
import type { TxCounters } from "./stats.js";

/** Frames a system call, and the memory to gather them in: room for that many of a large MTU. */
const BURST = 64;
const STAGING = BURST * 2048;
const OP = "packet-socket.send";

/** The reason why the kernel does not take a frame, by its counter. */
type Refusal = keyof TxCounters["refused"];

const REFUSALS: Readonly<Record<string, Refusal>> = {
  EAGAIN: "full",
  ENOBUFS: "full",
  EMSGSIZE: "size",
  EINVAL: "size",
  ENETDOWN: "down",
  ENXIO: "down",
  ENODEV: "down",
};

export class Sender {
  readonly counters: TxCounters = { packets: 0, bytes: 0, refused: { full: 0, size: 0, down: 0 } };
  readonly #native: NativePacketSocket;
  readonly #onFull: () => void;
  readonly #staging = new Uint8Array(STAGING);
  readonly #offsets = new Uint32Array(BURST);
  readonly #lengths = new Uint32Array(BURST);
  readonly #one = new Uint32Array(1);
  readonly #zero = new Uint32Array(1);
  /** Why the last frame that was not taken stays with the caller. */
  #obstacle: Refusal = "full";

  constructor(socket: NativePacketSocket, onFull: () => void) {
    this.#native = socket;
    this.#onFull = onFull;
  }

  /** How many of the frames, from the first on, were sent or turned out to be unfit; the others are the caller's. */
  send(packets: Uint8Array | readonly Uint8Array[] | PacketBatch): number {
    const done = this.#sendAll(packets);
    const left = (packets instanceof Uint8Array ? 1 : packets.length) - done;
    if (left > 0) this.counters.refused[this.#obstacle] += left;
    return done;
  }

  #sendAll(packets: Uint8Array | readonly Uint8Array[] | PacketBatch): number {
    if (packets instanceof Uint8Array) return this.#sendOne(packets);
    if (packets instanceof PacketBatch) {
      const { bytes, offsets, lengths } = packets.raw();
      return this.#sendTable(bytes, offsets, lengths, packets.length);
    }
    if (!Array.isArray(packets)) throw notPackets(packets);
    const wrong = packets.findIndex((packet) => !(packet instanceof Uint8Array));
    if (wrong >= 0) throw notPackets(packets[wrong], wrong);
    return this.#sendList(packets);
  }

  #sendOne(packet: Uint8Array): number {
    this.#one[0] = packet.length;
    return this.#sendTable(packet, this.#zero, this.#one, 1);
  }

  /** Gathers as many as the staging memory holds; a longer one goes by itself. */
  #sendList(packets: readonly Uint8Array[]): number {
    let sent = 0;
    while (sent < packets.length) {
      const count = this.#gather(packets, sent);
      const taken =
        count === 0
          ? this.#sendOne(packets[sent]!)
          : this.#sendTable(this.#staging, this.#offsets, this.#lengths, count);
      sent += taken;
      if (taken < Math.max(count, 1)) break;
    }
    return sent;
  }

  #gather(packets: readonly Uint8Array[], from: number): number {
    let count = 0;
    for (let at = 0; count < BURST && from + count < packets.length; count++) {
      const packet = packets[from + count]!;
      if (at + packet.length > STAGING) break;
      this.#staging.set(packet, at);
      this.#offsets[count] = at;
      this.#lengths[count] = packet.length;
      at += packet.length;
    }
    return count;
  }

  #sendTable(bytes: Uint8Array, offsets: Uint32Array, lengths: Uint32Array, count: number): number {
    for (let at = 0; at < count; ) {
      const result = this.#native.send(bytes, offsets, lengths, at, count - at);
      if (result < 0 && !this.#passOver(getSystemErrorName(result))) return at;
      at += this.#count(lengths, at, result);
    }
    return count;
  }

  /** How many frames of the table are done with. */
  #count(lengths: Uint32Array, at: number, result: number): number {
    if (result < 0) return 1;
    this.counters.packets += result;
    for (let i = at; i < at + result; i++) this.counters.bytes += lengths[i]!;
    return result;
  }

  /** Notes why a frame was not sent. True when the ones behind it may be. */
  #passOver(code: string): boolean {
    const refusal = REFUSALS[code];
    if (refusal === undefined) throw new PuntError(OP, code, "the packet socket cannot send");
    if (refusal === "size") {
      this.counters.refused.size++;
      return true;
    }
    this.#obstacle = refusal;
    if (refusal === "full") this.#onFull();
    return false;
  }
}

/** @param index of the element of a list that is wrong */
function notPackets(given: unknown, index?: number): PuntError {
  const place = index === undefined ? "" : ` as element ${index} of the list`;
  const message = `a packet, a list of packets or a batch is expected; got ${show(given)}${place}`;
  return new PuntError(OP, "ERR_OPTION", message, { option: "packets" });
}
