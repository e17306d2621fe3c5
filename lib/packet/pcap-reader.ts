// Reads pcap files.
import { readFileSync } from "node:fs";
import { PuntError } from "../errors.js";
import { OptionCheck } from "../options.js";

const MAGIC_NS = 0xa1b23c4d;
const MAGIC_US = 0xa1b2c3d4;
/** Type of the block that every pcapng file begins with. It reads the same in both byte orders. */
const PCAPNG_BLOCK = 0x0a0d0d0a;
const FILE_HEADER = 24;
const PACKET_HEADER = 16;

export interface PcapPacket {
  /** Nanoseconds since 1970. */
  timeNs: bigint;
  /** The captured bytes. */
  bytes: Uint8Array;
  /** The length on the wire: more than `bytes.length` when the capture cut packets off. */
  length: number;
}

/** Reads the packets of a pcap file in order: microsecond or nanosecond times, either byte order. */
export class PcapReader implements Iterable<PcapPacket> {
  /** The file's LINKTYPE_ number: 1 Ethernet, 101 IP. */
  readonly linkType: number;
  readonly #bytes: Uint8Array;
  readonly #little: boolean;
  readonly #unitNs: bigint;
  readonly #view: DataView;
  readonly #path: string | undefined;

  /**
   * Reads a whole file.
   *
   * @throws PuntError ERR_FORMAT: the file is not a pcap file; ERR_OPTION: `path` is not a string; the errno name: the file can't be read
   * @example
   * ```ts
   * import { PcapReader } from "vpp-punt";
   *
   * for (const { timeNs, bytes } of PcapReader.open("punts.pcap")) console.log(timeNs, bytes.length);
   * ```
   */
  static open(path: string): PcapReader {
    new OptionCheck("pcap.open").text("path", path);
    try {
      return new PcapReader(readFileSync(path), path);
    } catch (cause) {
      if (cause instanceof PuntError) throw cause;
      const { code = "UNKNOWN", message } = cause as NodeJS.ErrnoException;
      throw new PuntError("pcap.open", code, message, { path }, cause);
    }
  }

  /**
   * Reads the bytes of a file.
   *
   * @param path where the bytes come from, for errors
   * @throws PuntError ERR_FORMAT: the bytes are not a pcap file; ERR_OPTION: `bytes` is not a Uint8Array
   */
  constructor(bytes: Uint8Array, path?: string) {
    if (!(bytes instanceof Uint8Array)) new OptionCheck("pcap.open").refuse("bytes", "must be a Uint8Array");
    this.#bytes = bytes;
    this.#path = path;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < FILE_HEADER) this.#malformed(0, `${bytes.length} bytes are not a pcap file`);
    const magic = this.#view.getUint32(0, true);
    const swapped = this.#view.getUint32(0, false);
    this.#little = magic === MAGIC_NS || magic === MAGIC_US;
    if (!this.#little && swapped !== MAGIC_NS && swapped !== MAGIC_US) {
      if (magic === PCAPNG_BLOCK)
        this.#malformed(0, "this is a pcapng file, not a pcap file; Wireshark's `editcap -F pcap` makes one of it");
      this.#malformed(0, `the file begins with 0x${swapped.toString(16)}, a pcap file does not`);
    }
    this.#unitNs = (this.#little ? magic : swapped) === MAGIC_NS ? 1n : 1000n;
    this.linkType = this.#view.getUint32(20, this.#little) & 0xffff; // the bits above are flags
  }

  /**
   * Returns the packets.
   *
   * @throws PuntError ERR_FORMAT: the file ends within a packet (`details.offset`)
   */
  *[Symbol.iterator](): IterableIterator<PcapPacket> {
    const [view, little, bytes] = [this.#view, this.#little, this.#bytes];
    for (let at = FILE_HEADER; at < bytes.length; ) {
      if (at + PACKET_HEADER > bytes.length) this.#malformed(at, "the file ends within a packet's header");
      const timeNs =
        BigInt(view.getUint32(at, little)) * 1_000_000_000n + BigInt(view.getUint32(at + 4, little)) * this.#unitNs;
      const captured = view.getUint32(at + 8, little);
      const start = at + PACKET_HEADER;
      if (start + captured > bytes.length) this.#malformed(at, `the file ends within a packet of ${captured} bytes`);
      yield { timeNs, bytes: bytes.subarray(start, start + captured), length: view.getUint32(at + 12, little) };
      at = start + captured;
    }
  }

  #malformed(offset: number, message: string): never {
    const path = this.#path;
    const where = path === undefined ? "" : `${path}: `;
    const text = `${where}at byte ${offset}: ${message}`;
    throw new PuntError("pcap.read", "ERR_FORMAT", text, { offset, ...(path !== undefined && { path }) });
  }
}
