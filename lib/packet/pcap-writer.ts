// Writes pcap files.
import { type PacketBatch, rawOf } from "./batch.js";
import { captureTarget, checkPacket, linkTypeNumber, nowNs, type PcapLinkType, SNAP_LENGTH } from "./capture.js";
import { RecordOutput } from "./record-output.js";

const MAGIC_NS = 0xa1b23c4d;
const FILE_HEADER = 24;
const PACKET_HEADER = 16;
const NS = 1_000_000_000n;

/**
 * Writes packets of one link type with nanosecond times, in the format that tcpdump and Wireshark read.
 *
 * When a write fails, the packet is not taken and the file is cut back to its last whole packet. Packets taken before wait, and
 * later calls go on where there is room again.
 */
export class PcapWriter implements Disposable {
  readonly #output: RecordOutput;

  /**
   * Creates the file, and replaces an existing one. A descriptor instead of a path, such as 1 for the standard output, stays open
   * at `close`.
   *
   * @throws PuntError ERR_OPTION: the link type is neither "ethernet" nor "ip"; the errno name: the file can't be written
   * @example
   * ```ts
   * import { Memif, PcapWriter } from "vpp-punt";
   *
   * const file = PcapWriter.open("punts.pcap");
   * const port = Memif.open({ role: "client", socket: "/run/vpp/memif.sock" });
   * port.receive((batch) => file.write(batch));
   * process.once("SIGTERM", () => {
   *   port.close();
   *   file.close();
   * });
   * ```
   */
  static open(target: string | number, linkType: PcapLinkType = "ethernet"): PcapWriter {
    return new PcapWriter(captureTarget("pcap.open", target), linkTypeNumber("pcap.open", linkType));
  }

  private constructor(target: string | number, linkType: number) {
    this.#output = new RecordOutput("pcap", target, fileHeader(linkType));
  }

  /**
   * Writes all packets of a batch. `timeNs` (nanoseconds since 1970) is by default now.
   *
   * @throws PuntError as `writePacket`; ERR_BATCH_RELEASED: the batch was used after its handler had returned
   */
  write(batch: PacketBatch, timeNs: bigint = nowNs()): void {
    const { bytes, offsets, lengths } = rawOf("pcap.write", batch);
    for (let i = 0; i < batch.length; i++) {
      this.writePacket(bytes.subarray(offsets[i]!, offsets[i]! + lengths[i]!), timeNs);
    }
  }

  /**
   * Writes one packet of at most 262,144 bytes.
   *
   * @throws PuntError ERR_PACKET_SIZE, ERR_INVALID_PACKET, ERR_CLOSED; the errno name: writing failed, and the packet was not taken
   */
  writePacket(bytes: Uint8Array, timeNs: bigint = nowNs()): void {
    checkPacket("pcap.write", bytes, timeNs);
    this.#output.append(PACKET_HEADER + bytes.length, (buffer, view, at) => {
      view.setUint32(at, Number(timeNs / NS) >>> 0, true);
      view.setUint32(at + 4, Number(timeNs % NS), true);
      view.setUint32(at + 8, bytes.length, true);
      view.setUint32(at + 12, bytes.length, true);
      buffer.set(bytes, at + PACKET_HEADER);
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
}

function fileHeader(linkType: number): Uint8Array {
  const header = Buffer.alloc(FILE_HEADER);
  header.writeUInt32LE(MAGIC_NS, 0);
  header.writeUInt16LE(2, 4); // version 2.4
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(SNAP_LENGTH, 16);
  header.writeUInt32LE(linkType, 20);
  return header;
}
