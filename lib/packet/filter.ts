// Packet filters: classic BPF programs that native code runs on a whole batch.
import { PuntError } from "../errors.js";
import { type NativeFilter, type NativeMatcher, native } from "../native.js";
import { OptionCheck } from "../options.js";
import { type PacketBatch, rawOf } from "./batch.js";
import type { PcapLinkType } from "./capture.js";

/** Longest program, in instructions: what Linux takes (BPF_MAXINSNS). */
const MAX_INSTRUCTIONS = 4096;
/** Words of an instruction: code, jt, jf, k; and the largest value of each. */
const LIMITS = [0xffff, 0xff, 0xff, 0xffffffff] as const;
/** DLT_ numbers, as pcap_open_dead takes them: DLT_EN10MB and DLT_RAW. */
const DLT: Readonly<Record<PcapLinkType, number>> = { ethernet: 1, ip: 12 };

/**
 * A filter as tcpdump has it, run in native code: one call for a batch of any port.
 */
export class PacketFilter {
  /** The program as `tcpdump -ddd` prints it. */
  readonly text: string;
  /** @internal */
  readonly matcher: NativeMatcher;
  readonly #native: NativeFilter;
  #hits = new Uint8Array(256);

  private constructor(op: string, words: Uint32Array) {
    const opened = native.filterOpen(words);
    if (typeof opened === "number") {
      throw new PuntError(op, "ERR_FILTER", `instruction ${opened} is not allowed: ${textOf(words, opened)}`);
    }
    this.#native = opened;
    this.matcher = opened.matcher;
    const lines = Array.from({ length: words.length / 4 }, (_, i) => textOf(words, i));
    this.text = [lines.length, ...lines].join("\n");
  }

  /**
   * Compiles an expression of tcpdump's language by the system's libpcap. A name of a host in it is looked up, which can take seconds.
   * `protochain` is refused: its program has a loop, and Linux takes none either.
   *
   * @param linkType what the packets are: `"ethernet"` (default) or `"ip"`
   * @throws PuntError ERR_NO_LIBPCAP: libpcap is not here; ERR_FILTER: libpcap refuses the expression, or the program has a loop;
   * ERR_OPTION: a bad argument
   * @example
   * ```ts
   * import { PacketFilter } from "vpp-punt";
   *
   * const dns = PacketFilter.compile("udp port 53");
   * console.log(dns.matches(new Uint8Array(60))); // false
   * ```
   */
  static compile(expression: string, linkType: PcapLinkType = "ethernet"): PacketFilter {
    const op = "filter.compile";
    const check = new OptionCheck(op);
    const text = check.text("expression", expression, 65535);
    const dlt = DLT[check.oneOf("linkType", linkType, ["ethernet", "ip"])];
    return new PacketFilter(op, native.filterCompile(text, dlt));
  }

  /**
   * Takes a program as `tcpdump -ddd` prints it: the number of instructions, then `code jt jf k` of each. Needs no libpcap. The rules are
   * those of Linux for a socket's filter, without its ancillary data.
   *
   * @throws PuntError ERR_FILTER: the text is not a program, or an instruction is not allowed; ERR_OPTION: not a string
   * @example
   * ```ts
   * import { PacketFilter } from "vpp-punt";
   *
   * // `tcpdump -ddd arp` has printed this.
   * const arp = PacketFilter.parse("4\n40 0 0 12\n21 0 1 2054\n6 0 0 262144\n6 0 0 0\n");
   * console.log(arp.matches(new Uint8Array(60))); // false
   * ```
   */
  static parse(text: string): PacketFilter {
    const op = "filter.parse";
    return new PacketFilter(op, wordsOf(op, new OptionCheck(op).text("text", text, 1 << 20)));
  }

  /** Returns whether the filter takes the packet. @throws PuntError ERR_INVALID_PACKET: not a Uint8Array */
  matches(packet: Uint8Array): boolean {
    if (!(packet instanceof Uint8Array)) {
      throw new PuntError("filter.matches", "ERR_INVALID_PACKET", "a packet must be a Uint8Array");
    }
    return this.#native.match(packet) !== 0;
  }

  /**
   * Runs the filter on a batch. Returns a 1 for each packet that it takes, and a 0 for each other. The array is the same at every call:
   * it is valid until the next one. It may be longer than the batch, and has zeros behind it.
   *
   * @throws PuntError ERR_BATCH_RELEASED: the batch's handler has returned
   * @example
   * ```ts
   * import { Memif, PacketFilter } from "vpp-punt";
   *
   * const dns = PacketFilter.compile("udp port 53");
   * const port = Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id: 1 });
   * port.receive((batch) => console.log(dns.run(batch).indexOf(1)));
   * ```
   */
  run(batch: PacketBatch): Uint8Array {
    const { bytes, table } = rawOf("filter.run", batch);
    if (this.#hits.length < batch.length) this.#hits = new Uint8Array(batch.length);
    this.#native.run(bytes, table, batch.length, this.#hits);
    return this.#hits.fill(0, batch.length);
  }
}

function textOf(words: Uint32Array, instruction: number): string {
  return words.subarray(4 * instruction, 4 * instruction + 4).join(" ");
}

function wordsOf(op: string, text: string): Uint32Array {
  const [first, ...lines] = text.trim().split("\n");
  const count = /^\d{1,4}$/.test(first!.trim()) ? Number(first) : 0;
  if (count < 1 || count > MAX_INSTRUCTIONS || count !== lines.length) {
    const message = `line 1 must be the number of the instructions below it, 1 to ${MAX_INSTRUCTIONS}; got ${JSON.stringify(first!.slice(0, 40))}, and ${lines.length} lines below it`;
    throw new PuntError(op, "ERR_FILTER", message);
  }
  return Uint32Array.from(lines.flatMap((line, i) => instructionOf(op, line, i + 2)));
}

function instructionOf(op: string, line: string, number: number): number[] {
  const fields = line.trim().split(/\s+/);
  const values = fields.map(Number);
  const isGood =
    fields.length === 4 && fields.every((field, i) => /^\d{1,10}$/.test(field) && values[i]! <= LIMITS[i]!);
  if (isGood) return values;
  const message = `line ${number} must be four numbers, code jt jf k, up to ${LIMITS.join(", ")}; got ${JSON.stringify(line.slice(0, 40))}`;
  throw new PuntError(op, "ERR_FILTER", message);
}
