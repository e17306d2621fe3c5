// The CNF's end of an interconnect, whatever it is: what arrives there, and a way to send from there.
import { setTimeout as sleep } from "node:timers/promises";
import { formatIp4, formatMac } from "../../../lib/net/index.js";
import { type Attachments, attach, type PuntStatus } from "../../../lib/punt/index.js";
import type { EmbeddedVpp } from "../../../lib/sim/index.js";
import { arp } from "../frames.js";

/** How long a packet may take through the embedded VPP on a busy machine. */
const longest = 60_000;

export class CnfEnd {
  readonly #received: Buffer[] = [];
  readonly #send: (frame: Buffer) => boolean;
  readonly #mac: string;
  readonly #address: string | undefined;
  readonly ready: () => boolean;

  constructor(status: PuntStatus, index: number, attachments: Attachments, vpp: EmbeddedVpp) {
    const { cnfInterface } = status.metadata.interconnects[index]!;
    this.#mac = cnfInterface?.mac ?? "";
    this.#address = cnfInterface?.addresses[0]?.split("/")[0];
    const port = attachments.ports[index]!;
    if (port.kind === "tap") {
      const host = vpp.host(port.name, port.namespace);
      host.on("packet", (frame) => this.#take(Buffer.from(frame)));
      this.#send = (frame) => host.send(frame);
      this.ready = () => true;
    } else if (port.kind === "memif") {
      port.memif.receive((batch) => {
        for (let i = 0; i < batch.length; i++) this.#take(Buffer.from(batch.copy(i)));
      });
      this.#send = (frame) => port.memif.send(frame) === 1;
      this.ready = () => port.memif.peer !== undefined;
    } else {
      this.#send = () => false;
      this.ready = () => true;
      void this.#read(port.socket);
    }
  }

  async #read(socket: AsyncIterable<{ length: number; copy(index: number): Uint8Array }>): Promise<void> {
    for await (const batch of socket) for (let i = 0; i < batch.length; i++) this.#take(Buffer.from(batch.copy(i)));
  }

  /** A CNF answers ARP for its address, or VPP could send it nothing. */
  #take(frame: Buffer): void {
    this.#received.push(frame);
    const isRequest = frame.readUInt16BE(12) === 0x0806 && frame.readUInt16BE(20) === 1;
    if (!isRequest || this.#address === undefined || !frame.subarray(38, 42).equals(ipBytes(this.#address))) return;
    const asker: [string, string] = [formatMac(frame, 22), formatIp4(frame, 28)];
    this.#send(arp(2, [this.#mac, this.#address], asker));
  }

  send(frame: Buffer): boolean {
    return this.#send(frame);
  }

  /** Whether an ARP reply for the address has come. */
  hasArpReply(address: string): boolean {
    const isReply = (frame: Buffer) => frame.readUInt16BE(12) === 0x0806 && frame.readUInt16BE(20) === 2;
    return this.#received.some((frame) => isReply(frame) && frame.subarray(28, 32).equals(ipBytes(address)));
  }

  /** The part of each frame that matches, in the order of arrival. */
  markers(pattern: RegExp): string[] {
    return this.#received.flatMap((frame) => pattern.exec(frame.toString("latin1"))?.[0] ?? []);
  }

  received(marker: string): Buffer | undefined {
    return this.#received.find((frame) => frame.includes(marker));
  }
}

function ipBytes(address: string): Buffer {
  return Buffer.from(address.split(".").map(Number));
}

/** The CNF's ends of a punt. */
export class Cnf {
  readonly ends: CnfEnd[];
  readonly #attachments: Attachments;

  private constructor(status: PuntStatus, vpp: EmbeddedVpp) {
    this.#attachments = attach(status.metadata, {
      puntSocket: { onWarning: () => undefined },
      memif: { rxMode: "interrupt" },
    });
    this.ends = status.metadata.interconnects.map((_, index) => new CnfEnd(status, index, this.#attachments, vpp));
  }

  static async open(status: PuntStatus, vpp: EmbeddedVpp): Promise<Cnf> {
    const cnf = new Cnf(status, vpp);
    await eventually(() => cnf.ends.every((end) => end.ready()));
    return cnf;
  }

  close(): void {
    this.#attachments.close();
  }
}

/** Waits until it holds, doing `again` between the looks. @returns whether it came to hold */
export async function eventually(holds: () => boolean, again: () => void = () => undefined): Promise<boolean> {
  const end = Date.now() + longest;
  for (let pause = 1; !holds(); pause = Math.min(2 * pause, 50)) {
    if (Date.now() > end) return false;
    again();
    await sleep(pause);
  }
  return true;
}
