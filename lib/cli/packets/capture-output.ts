// The capture that a command writes: pcap or pcapng, to a file or to standard output.

import type { TakenPacket } from "../../dump/index.js";
import { PuntError } from "../../errors.js";
import { PcapngWriter, PcapWriter } from "../../packet/index.js";

export type CaptureFormat = "pcap" | "pcapng";

/** Standard output, which `-` names. */
const STANDARD_OUTPUT = 1;

interface Writer {
  write(packet: TakenPacket): void;
  flush(): void;
  close(): void;
}

function pcap(target: string | number): Writer {
  const writer = PcapWriter.open(target);
  return {
    write: ({ bytes }) => writer.writePacket(bytes),
    flush: () => writer.flush(),
    close: () => writer.close(),
  };
}

function pcapng(target: string | number): Writer {
  const writer = PcapngWriter.open(target);
  const numbers = new Map<string, number>();
  const numberOf = (name: string) => {
    const number = numbers.get(name) ?? writer.addInterface(name);
    numbers.set(name, number);
    return number;
  };
  return {
    write: (packet) => writer.writePacket(numberOf(packet.interface), packet.bytes),
    flush: () => writer.flush(),
    close: () => writer.close(),
  };
}

/** Writes packets, each at once, so that a reader at the other end of a pipe sees them live. */
export class CaptureOutput {
  /** Packets that a full pipe did not take: its reader is too slow. */
  dropped = 0;
  /** Whether the reader of the pipe has ended. */
  isLost = false;
  readonly #target: string;
  readonly #format: CaptureFormat;
  #writer: Writer | undefined;

  /** @throws PuntError ERR_USAGE: standard output, which `-` names, is a terminal */
  constructor(target: string, format: CaptureFormat) {
    if (target === "-" && process.stdout.isTTY)
      throw new PuntError("vpp-punt", "ERR_USAGE", "a capture is binary: name a file, or pipe it to a program");
    this.#target = target;
    this.#format = format;
  }

  /** Opens the file, once packets can come: a command that fails before leaves an older capture as it is. @throws PuntError with the errno name */
  open(): void {
    try {
      this.#writer = (this.#format === "pcap" ? pcap : pcapng)(this.#target === "-" ? STANDARD_OUTPUT : this.#target);
    } catch (error) {
      if ((error as PuntError).code !== "EPIPE") throw error;
      this.isLost = true;
    }
  }

  /** @throws PuntError with the errno name: the disk is full */
  write(packet: TakenPacket): void {
    this.#attempt(() => this.#writer?.write(packet));
    this.#attempt(() => this.#writer?.flush(), 0);
  }

  close(): void {
    this.#attempt(() => this.#writer?.close(), 0);
  }

  #attempt(write: () => void, packets = 1): void {
    try {
      write();
    } catch (error) {
      const { code } = error as PuntError;
      if (code === "EPIPE") this.isLost = true;
      else if (code !== "EAGAIN") throw error;
      this.dropped += packets;
    }
  }
}
