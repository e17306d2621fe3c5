// Decodes the entries of VPP's statistics segment.
import { type DirectoryEntry, pointer, type SegmentHeader } from "./directory.js";
import type { StatsMemory } from "./memory.js";
import { type RingContents, readRing } from "./ring.js";

/** One value. */
export interface ScalarStat {
  type: "scalar";
  name: string;
  value: bigint;
}

/** Counters by thread and index, such as `/if/drops` by sw_if_index. A link to one index has only that index. */
export interface SimpleStat {
  type: "simple";
  name: string;
  threads: BigUint64Array[];
}

/** Packets and bytes by thread and index, such as `/if/rx` by sw_if_index. */
export interface CombinedStat {
  type: "combined";
  name: string;
  threads: { packets: BigUint64Array; bytes: BigUint64Array }[];
}

/** Names by index, such as `/if/names` by sw_if_index; "" for an unused index. */
export interface NamesStat {
  type: "names";
  name: string;
  names: string[];
}

/** Bins by thread. Bin i counts values from 2^(minExponent + i) up to the next power of 2. */
export interface HistogramStat {
  type: "histogram";
  name: string;
  threads: { minExponent: number; bins: BigUint64Array }[];
}

/** Ring buffers by thread, which plugins of VPP 26.06 and newer fill with entries of their own. */
export interface RingStat extends RingContents {
  type: "ring";
  name: string;
}

/** A kind of statistic that this package doesn't know: its name and VPP's number of the kind. */
export interface UnknownStat {
  type: "unknown";
  name: string;
  kind: number;
}

export type Stat = ScalarStat | SimpleStat | CombinedStat | NamesStat | HistogramStat | RingStat | UnknownStat;

const LONGEST_NAME = 4096;

/** Copies values from one state of the segment. It copies a vector once, even if several links point to it. */
export class StatsReader {
  readonly #vectors = new Map<number, Buffer[]>();
  readonly #memory: StatsMemory;
  readonly #header: SegmentHeader;
  readonly #directory: readonly (DirectoryEntry | undefined)[];

  constructor(memory: StatsMemory, header: SegmentHeader, directory: readonly (DirectoryEntry | undefined)[]) {
    this.#memory = memory;
    this.#header = header;
    this.#directory = directory;
  }

  /** Returns the value of `entry`; undefined for a link without a target. */
  read(entry: DirectoryEntry): Stat | undefined {
    const { name } = entry;
    switch (entry.kind) {
      case "scalar":
        return { type: "scalar", name, value: (BigInt(entry.high) << 32n) | BigInt(entry.low) };
      case "error":
        return { type: "simple", name, threads: this.#column(this.#header.errors, entry.low) };
      case "names":
        return { type: "names", name, names: this.#names(address(entry)) };
      case "simple":
        return { type: "simple", name, threads: this.#perThread(address(entry), 8).map(toWords) };
      case "combined":
        return {
          type: "combined",
          name,
          threads: this.#perThread(address(entry), 16).map((one) => toPairs(toWords(one))),
        };
      case "histogram":
        return {
          type: "histogram",
          name,
          threads: this.#perThread(address(entry), 8).map((one) => toBins(toWords(one))),
        };
      case "symlink":
        return this.#link(entry);
      case "ring":
        return { type: "ring", name, ...readRing(this.#memory, address(entry) - this.#header.base) };
      case "unknown":
        return { type: "unknown", name, kind: entry.type };
    }
  }

  /** Follows a link. `low` is the index of the target's entry, `high` the index in its vectors. */
  #link({ name, low, high }: DirectoryEntry): Stat | undefined {
    const target = this.#directory[low];
    if (target?.kind === "simple") return { type: "simple", name, threads: this.#column(address(target), high) };
    if (target?.kind !== "combined") return undefined;
    const threads = this.#perThread(address(target), 16).map((one) =>
      toPairs(toWords(one.subarray(high * 16, high * 16 + 16))),
    );
    return { type: "combined", name, threads };
  }

  /** Returns element `index` of each thread's counters. */
  #column(vectors: number, index: number): BigUint64Array[] {
    return this.#perThread(vectors, 8).map((one) => toWords(one.subarray(index * 8, index * 8 + 8)));
  }

  /** Returns the vectors of all threads, to which a vector of pointers points. */
  #perThread(vectors: number, elementSize: number): Buffer[] {
    const known = this.#vectors.get(vectors);
    if (known !== undefined) return known;
    const threads = this.#pointers(vectors).map((thread) =>
      this.#memory.vector(thread - this.#header.base, elementSize),
    );
    this.#vectors.set(vectors, threads);
    return threads;
  }

  #pointers(vector: number): number[] {
    const bytes = this.#memory.vector(vector - this.#header.base, 8);
    return Array.from({ length: bytes.length / 8 }, (_, i) => pointer(bytes, i * 8));
  }

  #names(vector: number): string[] {
    return this.#pointers(vector).map((name) => {
      if (name === 0) return "";
      const bytes = this.#memory.vector(name - this.#header.base, 1).subarray(0, LONGEST_NAME);
      const end = bytes.indexOf(0);
      return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
    });
  }
}

function address(entry: DirectoryEntry): number {
  return entry.low + entry.high * 2 ** 32;
}

function toWords(bytes: Buffer): BigUint64Array {
  return new BigUint64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

function toPairs(words: BigUint64Array): { packets: BigUint64Array; bytes: BigUint64Array } {
  return { packets: words.filter((_, i) => i % 2 === 0), bytes: words.filter((_, i) => i % 2 === 1) };
}

/** Splits a histogram. Its first word is the exponent of the first bin. */
function toBins(words: BigUint64Array): { minExponent: number; bins: BigUint64Array } {
  return { minExponent: Number(words[0] ?? 0n), bins: words.slice(1) };
}
