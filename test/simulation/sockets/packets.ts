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

/** A device by its name in a namespace. */
interface Where {
  readonly device: string;
  readonly place: string;
}

/** Tells whether a device is there. */
export type Devices = (where: Where) => boolean;

export class PacketFile extends OpenFile {
  constructor(
    table: OpenFiles,
    readonly where: Where,
  ) {
    super(table);
  }

  get text(): string {
    return `packets of ${this.where.device}`;
  }

  static open(table: OpenFiles, where: Where, devices: Devices): Handle {
    table.check("device", "packet-socket.open");
    if (!devices(where)) throw refusal("packet-socket.open", "ENODEV", `device ${where.device}`);
    return table.open(new PacketFile(table, where));
  }
}

/** In place of the addon's PacketSocket. No packet comes. */
export class SimulatedPacketSocket implements NativePacketSocket, Port {
  readonly isPassing = false;
  readonly party: Party;
  readonly handle: Handle;
  readonly #table: OpenFiles;
  readonly #devices: Devices;

  readonly #onLink: () => void;

  constructor(table: OpenFiles, devices: Devices, bound: Handle, onLink: () => void) {
    this.#table = table;
    this.#onLink = onLink;
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

  get #file(): PacketFile {
    return this.handle.file as PacketFile;
  }

  get end(): string {
    return this.#file.text;
  }

  /** It follows its device to the next one of that name in the same namespace. */
  get isConnected(): boolean {
    return this.#devices(this.#file.where);
  }

  name(): string {
    return this.#file.where.device;
  }

  /** Its device is gone. */
  lost(): void {
    const { schedule } = this.#table;
    schedule.at(schedule.now, "link", () => this.handle.file && this.#onLink(), this.party);
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
