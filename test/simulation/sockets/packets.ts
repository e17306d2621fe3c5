// Packet sockets of TAPs, and network namespaces.
import type { NativePacketSocket, NativePacketSocketStats } from "../../../lib/native.js";
import type { Party } from "../world/schedule.js";
import { type Handle, OpenFile, type OpenFiles, type Port, refusal } from "./open-files.js";

/** An open file that is only there: a network namespace, or a process. */
export class PlainFile extends OpenFile {
  constructor(
    table: OpenFiles,
    readonly text: string,
  ) {
    super(table);
  }
}

/** Tells whether a device is there. */
export type Devices = (name: string) => boolean;

export class PacketFile extends OpenFile {
  constructor(
    table: OpenFiles,
    readonly device: string,
  ) {
    super(table);
  }

  get text(): string {
    return `packets of ${this.device}`;
  }

  /** In place of the addon's openPacketSocket. */
  static open(table: OpenFiles, device: string, devices: Devices): Handle {
    table.check("device", "packet-socket.open");
    if (!devices(device)) throw refusal("packet-socket.open", "ENODEV", `device ${device}`);
    return table.open(new PacketFile(table, device));
  }
}

/** In place of the addon's PacketSocket. No packet comes. */
export class SimulatedPacketSocket implements NativePacketSocket, Port {
  readonly isPassing = false;
  readonly party: Party;
  readonly handle: Handle;
  readonly #table: OpenFiles;
  readonly #devices: Devices;

  constructor(table: OpenFiles, devices: Devices, bound: Handle) {
    this.#table = table;
    this.#devices = devices;
    this.party = table.schedule.party;
    this.handle = bound.take();
    const failed = table.failure("packets");
    if (failed !== undefined) {
      this.handle.close();
      throw refusal("packet-socket.open", failed, "the ring");
    }
    table.opened(this);
  }

  get end(): string {
    return (this.handle.file as PacketFile).text;
  }

  /** It follows its device to the next one of that name. */
  get isConnected(): boolean {
    return this.#devices(this.name());
  }

  name(): string {
    return (this.handle.file as PacketFile).device;
  }

  link(): "up" | "gone" {
    return this.isConnected ? "up" : "gone";
  }

  start(): void {}
  stop(): void {}
  setRef(): void {}
  setFilter(): void {}
  watchRoom(): void {}

  pull(): number {
    return 0;
  }

  memory(): ArrayBuffer {
    return new ArrayBuffer(0);
  }

  send(): number {
    return 0;
  }

  stats(): NativePacketSocketStats {
    return {
      ...{ packets: 0, bytes: 0, batches: 0, droppedRingFull: 0, droppedTooLong: 0, droppedFilter: 0 },
      ...{ freezes: 0, vlanTags: 0, checksums: 0, segmented: 0 },
    };
  }

  close(): void {
    this.#table.closed(this);
    this.handle.close();
  }
}
