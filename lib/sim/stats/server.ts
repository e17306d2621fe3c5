// The stats socket: hands the segment's memory to every client, and keeps the values in it up to date.
import { closeSync, ftruncateSync, openSync, unlinkSync, writeSync } from "node:fs";
import { type NativeDescriptor, type NativePassingListener, native } from "../../native.js";
import { entriesOf, type StatsSource } from "./entries.js";
import { type Entry, EPOCH_AT, IN_PROGRESS_AT, segmentOf } from "./layout.js";

export type { StatsSource };

/** How often the values are written. VPP counts in place; a client of the embedded VPP sees values that are at most so old. */
const INTERVAL_MS = 50;
/** Size of the memory, as VPP's default. Clients map it once; the part that has no values takes no room. */
const SIZE = 32 << 20;
const NO_BYTES = new Uint8Array(0);

export class StatsServer {
  readonly #source: StatsSource;
  readonly #release: string;
  readonly #listener: NativePassingListener;
  readonly #file: number;
  readonly #started = Math.floor(Date.now() / 1000);
  #epoch = 1n;
  /** The names in the directory, as one text. */
  #directory = "";
  #last = Buffer.alloc(0);
  /** Runs from the first client on: before it, the memory has no reader. */
  #timer: NodeJS.Timeout | undefined;

  /** @throws PuntError EADDRINUSE: a process listens at the path; an errno name */
  constructor(path: string, release: string, source: StatsSource) {
    this.#source = source;
    this.#release = release;
    this.#listener = new native.PassingListener({ path, mode: 0o770, group: -1, sequenced: true }, (accepted) =>
      this.#accept(accepted),
    );
    const memory = `${path}.memory`;
    this.#file = openSync(memory, "w+", 0o600);
    unlinkSync(memory);
    ftruncateSync(this.#file, SIZE);
    this.#listener.setRef(false);
    this.#listener.watch(true);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listener.close();
    closeSync(this.#file);
  }

  #accept(accepted: NativeDescriptor | string): void {
    if (typeof accepted === "string") return;
    this.#write();
    this.#timer ??= setInterval(() => this.#write(), INTERVAL_MS).unref();
    const socket = new native.PassingSocket(accepted, () => {});
    socket.send(NO_BYTES, 0, Int32Array.of(this.#file));
    socket.close();
  }

  /** Writes all values. Where entries came or went, clients see a change in progress, and then another epoch. */
  #write(): void {
    const entries = entriesOf(this.#source, this.#started);
    const bytes = segmentOf(entries, this.#release);
    const directory = entries.map(shapeOf).join("\n");
    const isChanged = directory !== this.#directory;
    if (isChanged) this.#epoch++;
    this.#directory = directory;
    bytes.writeBigUInt64LE(this.#epoch, EPOCH_AT);
    if (bytes.equals(this.#last)) return;
    this.#last = Buffer.from(bytes);
    bytes.writeBigUInt64LE(isChanged ? 1n : 0n, IN_PROGRESS_AT);
    writeSync(this.#file, bytes, 0, bytes.length, 0);
    if (isChanged) writeSync(this.#file, Buffer.alloc(8), 0, 8, IN_PROGRESS_AT);
  }
}

/** Returns the part of an entry on which the layout of the segment depends. */
function shapeOf(entry: Entry): string {
  if (entry.kind === "names") return `${entry.name} ${entry.names.join(" ")}`;
  return entry.kind === "scalar" ? entry.name : `${entry.name} ${entry.values.length}`;
}
