import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { PuntError } from "../errors.js";
import type { PacketBatch } from "./batch.js";

/** What the packets of a file are: Ethernet frames (punt socket, memif in Ethernet mode) or IP packets (memif in IP mode). */
export type PcapLinkType = "ethernet" | "ip";

/** LINKTYPE_ numbers. */
const LINK_TYPES: Readonly<Record<PcapLinkType, number>> = { ethernet: 1, ip: 101 };
const MAGIC_NS = 0xa1b23c4d;
const MAGIC_US = 0xa1b2c3d4;
const FILE_HEADER = 24;
const PACKET_HEADER = 16;
const SNAP_LENGTH = 262_144;
const BUFFER = 256 * 1024;

export interface PcapPacket {
  /** Nanoseconds since 1970. */
  timeNs: bigint;
  /** As captured. */
  bytes: Uint8Array;
  /** On the wire; more than `bytes.length` when the capture cut packets off. */
  length: number;
}

/** Writes packets to a pcap file with nanosecond times: the format that tcpdump and Wireshark read. */
export class PcapWriter {
  private readonly fd: number;
  private readonly buffer = Buffer.alloc(BUFFER);
  private used = 0;
  private closed = false;

  /**
   * Creates the file, replacing one that is there.
   *
   * @throws PuntError with the errno name when that fails
   */
  static open(path: string, linkType: PcapLinkType = "ethernet"): PcapWriter {
    if (LINK_TYPES[linkType] === undefined) {
      throw new PuntError("pcap.open", "ERR_OPTION", `link type ${linkType}: there are ethernet and ip`, { linkType });
    }
    return new PcapWriter(path, LINK_TYPES[linkType]);
  }

  private constructor(path: string, linkType: number) {
    this.fd = system("pcap.open", path, () => openSync(path, "w"));
    const { buffer } = this;
    buffer.writeUInt32LE(MAGIC_NS, 0);
    buffer.writeUInt16LE(2, 4); // version 2.4
    buffer.writeUInt16LE(4, 6);
    buffer.writeUInt32LE(SNAP_LENGTH, 16);
    buffer.writeUInt32LE(linkType, 20);
    this.used = FILE_HEADER;
    this.flush();
  }

  /** Writes all packets of a batch. `timeNs` (nanoseconds since 1970) is by default now. */
  write(batch: PacketBatch, timeNs: bigint = nowNs()): void {
    for (let i = 0; i < batch.length; i++) this.writePacket(batch.view(i), timeNs);
  }

  /**
   * Writes one packet of at most 262,144 bytes.
   *
   * @throws PuntError ERR_PACKET_SIZE, ERR_CLOSED, or the errno name when writing fails
   */
  writePacket(bytes: Uint8Array, timeNs: bigint = nowNs()): void {
    if (this.closed) throw new PuntError("pcap.write", "ERR_CLOSED", "the file is closed");
    if (bytes.length > SNAP_LENGTH) {
      throw new PuntError("pcap.write", "ERR_PACKET_SIZE", `a packet of ${bytes.length} bytes; ${SNAP_LENGTH} at most`);
    }
    const size = PACKET_HEADER + bytes.length;
    if (this.used + size > BUFFER) this.flush();
    if (size > BUFFER) {
      this.writeHeader(bytes.length, timeNs);
      this.flush();
      this.writeAll(bytes);
      return;
    }
    this.writeHeader(bytes.length, timeNs);
    this.buffer.set(bytes, this.used);
    this.used += bytes.length;
  }

  /** Hands what is buffered to the system. */
  flush(): void {
    const { used } = this;
    this.used = 0;
    this.writeAll(this.buffer.subarray(0, used));
  }

  /** Flushes and closes. Does nothing the second time. */
  close(): void {
    if (this.closed) return;
    try {
      this.flush();
    } finally {
      this.closed = true;
      closeSync(this.fd);
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private writeHeader(length: number, timeNs: bigint): void {
    const { buffer, used } = this;
    buffer.writeUInt32LE(Number(timeNs / 1_000_000_000n) >>> 0, used);
    buffer.writeUInt32LE(Number(timeNs % 1_000_000_000n), used + 4);
    buffer.writeUInt32LE(length, used + 8);
    buffer.writeUInt32LE(length, used + 12);
    this.used = used + PACKET_HEADER;
  }

  private writeAll(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      at += system("pcap.write", "", () => writeSync(this.fd, bytes, at, bytes.length - at));
    }
  }
}

/** The packets of a pcap file, in order: microsecond or nanosecond times, either byte order. */
export class PcapReader implements Iterable<PcapPacket> {
  /** The file's LINKTYPE_ number: 1 Ethernet, 101 IP. */
  readonly linkType: number;
  private readonly little: boolean;
  private readonly unitNs: bigint;
  private readonly view: DataView;

  /**
   * Reads a whole file.
   *
   * @throws PuntError ERR_FORMAT when it is no pcap file, or the errno name when it cannot be read
   */
  static open(path: string): PcapReader {
    return new PcapReader(system("pcap.open", path, () => readFileSync(path)));
  }

  /** @throws PuntError ERR_FORMAT when the bytes are no pcap file */
  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < FILE_HEADER) malformed(0, `${bytes.length} bytes are no pcap file`);
    const magic = this.view.getUint32(0, true);
    const swapped = this.view.getUint32(0, false);
    this.little = magic === MAGIC_NS || magic === MAGIC_US;
    if (!this.little && swapped !== MAGIC_NS && swapped !== MAGIC_US) {
      malformed(0, `begins with 0x${swapped.toString(16)}, which no pcap file does (pcapng is another format)`);
    }
    this.unitNs = (this.little ? magic : swapped) === MAGIC_NS ? 1n : 1000n;
    this.linkType = this.view.getUint32(20, this.little) & 0xffff; // above are flags
  }

  /** @throws PuntError ERR_FORMAT when the file ends within a packet: `details.offset` */
  *[Symbol.iterator](): IterableIterator<PcapPacket> {
    const { view, little, bytes } = this;
    for (let at = FILE_HEADER; at < bytes.length; ) {
      if (at + PACKET_HEADER > bytes.length) malformed(at, "the file ends within a packet's header");
      const timeNs =
        BigInt(view.getUint32(at, little)) * 1_000_000_000n + BigInt(view.getUint32(at + 4, little)) * this.unitNs;
      const captured = view.getUint32(at + 8, little);
      const start = at + PACKET_HEADER;
      if (start + captured > bytes.length) malformed(at, `the file ends within a packet of ${captured} bytes`);
      yield { timeNs, bytes: bytes.subarray(start, start + captured), length: view.getUint32(at + 12, little) };
      at = start + captured;
    }
  }
}

/** Wall clock and process.hrtime at one moment: the latter has the nanoseconds. */
const clock = { wall: BigInt(Date.now()) * 1_000_000n, monotonic: process.hrtime.bigint() };

function nowNs(): bigint {
  return clock.wall + (process.hrtime.bigint() - clock.monotonic);
}

function malformed(offset: number, message: string): never {
  throw new PuntError("pcap.read", "ERR_FORMAT", `at byte ${offset}: ${message}`, { offset });
}

function system<T>(op: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const { code = "UNKNOWN", message } = cause as NodeJS.ErrnoException;
    throw new PuntError(op, code, message, { path }, cause);
  }
}
