// Writes pcapng files: packets of several interfaces with their names (draft-ietf-opsawg-pcapng).
import { PuntError } from "../errors.js";
import { OptionCheck, show } from "../options.js";
import { type PacketBatch, rawOf } from "./batch.js";
import { captureTarget, checkPacket, linkTypeNumber, nowNs, type PcapLinkType, SNAP_LENGTH } from "./capture.js";
import { RecordOutput } from "./record-output.js";

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Before the bytes of a packet, and behind them. */
const PACKET_HEADER = 28;
const BLOCK_END = 4;

const OPTION_END = 0;
const SHB_USERAPPL = 4;
const IF_NAME = 2;
const IF_DESCRIPTION = 3;
const IF_TSRESOL = 9;
const EPB_FLAGS = 2;
/** An epb_flags option and the end of options. */
const FLAGS_SIZE = 12;
const FLAGS = { in: 1, out: 2 } as const;

const LONGEST_NAME = 255;

export interface PcapngInterfaceOptions {
  /** Default `"ethernet"`. */
  linkType?: PcapLinkType;
  /** Shown by Wireshark beside the name; up to 255 bytes. */
  description?: string;
}

export interface PcapngPacketOptions {
  /** Nanoseconds since 1970. Default: now. */
  timeNs?: bigint;
  /** Whether the interface received (`in`) or sent (`out`) the packet. Default: not said. */
  direction?: "in" | "out";
}

/**
 * Writes packets of any number of interfaces with nanosecond times, in the format that Wireshark and tshark read.
 *
 * Interfaces can be added at any time. When a write fails, the packet is not taken and the file is cut back to its last whole
 * packet. Packets taken before wait, and later calls go on where there is room again.
 */
export class PcapngWriter implements Disposable {
  readonly #output: RecordOutput;
  #interfaces = 0;

  /**
   * Creates the file, and replaces an existing one. A descriptor instead of a path, such as 1 for the standard output, stays open
   * at `close`.
   *
   * @throws PuntError with the errno name: the file can't be written
   * @example
   * ```ts
   * import { PcapngWriter } from "vpp-punt";
   *
   * using file = PcapngWriter.open("punts.pcapng");
   * const eth0 = file.addInterface("eth0", { description: "to the LAN" });
   * file.writePacket(eth0, new Uint8Array(60), { direction: "in" });
   * ```
   */
  static open(target: string | number): PcapngWriter {
    return new PcapngWriter(captureTarget("pcapng.open", target));
  }

  private constructor(target: string | number) {
    this.#output = new RecordOutput("pcapng", target, sectionHeader());
  }

  /**
   * Adds an interface of 1 to 255 bytes of name. Returns its number, which `write` and `writePacket` take.
   *
   * @throws PuntError ERR_OPTION, ERR_CLOSED; the errno name: writing failed, and the interface was not added
   */
  addInterface(name: string, options: PcapngInterfaceOptions = {}): number {
    const op = "pcapng.add-interface";
    const check = new OptionCheck(op);
    check.known(options, ["linkType", "description"]);
    const linkType = linkTypeNumber(op, options.linkType ?? "ethernet");
    const texts = [
      option(IF_NAME, Buffer.from(check.text("name", name, LONGEST_NAME, 1))),
      option(IF_DESCRIPTION, Buffer.from(check.text("description", options.description ?? "", LONGEST_NAME))),
    ].filter((text) => text.length > 4);
    const fixed = Buffer.alloc(8);
    fixed.writeUInt16LE(linkType, 0);
    fixed.writeUInt32LE(SNAP_LENGTH, 4);
    // if_tsresol 9: units of 10^-9 s.
    const bytes = block(INTERFACE_DESCRIPTION, [fixed, ...texts, option(IF_TSRESOL, Buffer.of(9)), END_OF_OPTIONS]);
    this.#output.append(bytes.length, (buffer, _, at) => buffer.set(bytes, at));
    return this.#interfaces++;
  }

  /**
   * Writes all packets of a batch as received by an interface, or by the interface that the function returns for a packet's
   * sw_if_index.
   *
   * @throws PuntError as `writePacket`; ERR_BATCH_RELEASED: the batch was used after its handler had returned
   * @example
   * ```ts
   * import { Memif, PcapngWriter } from "vpp-punt";
   *
   * const file = PcapngWriter.open("punts.pcapng");
   * const memif = file.addInterface("memif1/0");
   * const port = Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id: 1 });
   * port.receive((batch) => file.write(batch, memif, { direction: "in" }));
   * ```
   */
  write(batch: PacketBatch, from: number | ((swIfIndex: number) => number), options: PcapngPacketOptions = {}): void {
    const { direction = "in", timeNs = nowNs() } = options;
    const timed = { ...options, direction, timeNs };
    const { bytes, offsets, lengths } = rawOf("pcapng.write", batch);
    for (let i = 0; i < batch.length; i++) {
      const number = typeof from === "number" ? from : from(batch.swIfIndex(i));
      this.writePacket(number, bytes.subarray(offsets[i]!, offsets[i]! + lengths[i]!), timed);
    }
  }

  /**
   * Writes one packet of at most 262,144 bytes.
   *
   * @throws PuntError ERR_PACKET_SIZE, ERR_INVALID_PACKET, ERR_OPTION (no such interface), ERR_CLOSED; the errno name: writing
   * failed, and the packet was not taken
   */
  writePacket(from: number, bytes: Uint8Array, options: PcapngPacketOptions = {}): void {
    const { timeNs = nowNs(), direction } = options;
    this.#check(from, bytes, timeNs, direction);
    const padded = (bytes.length + 3) & ~3;
    const size = PACKET_HEADER + padded + (direction === undefined ? 0 : FLAGS_SIZE) + BLOCK_END;
    this.#output.append(size, (buffer, view, at) => {
      view.setUint32(at, ENHANCED_PACKET, true);
      view.setUint32(at + 4, size, true);
      view.setUint32(at + 8, from, true);
      view.setUint32(at + 12, Number(timeNs >> 32n) >>> 0, true);
      view.setUint32(at + 16, Number(timeNs & 0xffffffffn), true);
      view.setUint32(at + 20, bytes.length, true);
      view.setUint32(at + 24, bytes.length, true);
      buffer.set(bytes, at + PACKET_HEADER);
      buffer.fill(0, at + PACKET_HEADER + bytes.length, at + size);
      if (direction !== undefined) writeFlags(view, at + PACKET_HEADER + padded, FLAGS[direction]);
      view.setUint32(at + size - BLOCK_END, size, true);
    });
  }

  /**
   * Writes what is buffered to the system.
   *
   * @throws PuntError with the errno name
   */
  flush(): void {
    this.#output.flush();
  }

  /**
   * Flushes and closes. Does nothing the second time.
   *
   * @throws PuntError with the errno name: the last packets could not be written (`details.lost`). The file is closed
   */
  close(): void {
    this.#output.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #check(from: number, bytes: Uint8Array, timeNs: bigint, direction: string | undefined): void {
    checkPacket("pcapng.write", bytes, timeNs);
    const check = new OptionCheck("pcapng.write");
    if (direction !== undefined) check.oneOf("direction", direction, ["in", "out"]);
    if (Number.isInteger(from) && from >= 0 && from < this.#interfaces) return;
    const message = `there is no interface ${show(from)}: addInterface() has returned ${this.#interfaces} numbers from 0 on`;
    throw new PuntError("pcapng.write", "ERR_OPTION", message, { option: "from" });
  }
}

function writeFlags(view: DataView, at: number, flags: number): void {
  view.setUint16(at, EPB_FLAGS, true);
  view.setUint16(at + 2, 4, true);
  view.setUint32(at + 4, flags, true);
}

/** An option, padded to 32 bits. */
function option(code: number, value: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4 + ((value.length + 3) & ~3));
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt16LE(value.length, 2);
  bytes.set(value, 4);
  return bytes;
}

const END_OF_OPTIONS = option(OPTION_END, new Uint8Array(0));

function block(type: number, parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const bytes = Buffer.alloc(8 + body.length + BLOCK_END);
  bytes.writeUInt32LE(type, 0);
  bytes.writeUInt32LE(bytes.length, 4);
  bytes.set(body, 8);
  bytes.writeUInt32LE(bytes.length, bytes.length - BLOCK_END);
  return bytes;
}

function sectionHeader(): Buffer {
  const fixed = Buffer.alloc(16);
  fixed.writeUInt32LE(BYTE_ORDER_MAGIC, 0);
  fixed.writeUInt16LE(1, 4); // version 1.0
  fixed.fill(0xff, 8); // the length of the section is not known
  return block(SECTION_HEADER, [fixed, option(SHB_USERAPPL, Buffer.from("vpp-punt")), END_OF_OPTIONS]);
}
