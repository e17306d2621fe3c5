// Snapshots of statistics, consistent while VPP writes.
import { OptionCheck } from "../../options.js";
import { type Stat, StatsReader } from "./counters.js";
import { type DirectoryEntry, readDirectory, readHeader, type SegmentHeader } from "./directory.js";
import type { StatsMemory } from "./memory.js";

/** A pattern of names: a regular expression, or text in which `*` matches any characters, such as `/if/*`. */
export type StatsPattern = string | RegExp;

type Entries = readonly (DirectoryEntry | undefined)[];

/** Reads a segment. Each read is of one state of its directory. */
export class Snapshots {
  /** The directory of `epoch`, which VPP increments with every change. */
  #directory: { epoch: bigint; entries: Entries } | undefined;

  constructor(readonly memory: StatsMemory) {}

  /** Returns the names of the statistics that match. Returns undefined if VPP changed the directory during the read. */
  list(patterns: readonly StatsPattern[]): string[] | undefined {
    return this.#attempt((entries) => select(entries, patterns).map((entry) => entry.name));
  }

  /** Returns the statistics that match, by name. Returns undefined if VPP changed the directory during the read. */
  read(patterns: readonly StatsPattern[]): Map<string, Stat> | undefined {
    return this.#attempt((entries, header) => {
      const reader = new StatsReader(this.memory, header, entries);
      const result = new Map<string, Stat>();
      for (const entry of select(entries, patterns)) {
        const stat = reader.read(entry);
        if (stat !== undefined) result.set(stat.name, stat);
      }
      return result;
    });
  }

  #attempt<T>(work: (entries: Entries, header: SegmentHeader) => T): T | undefined {
    const header = readHeader(this.memory);
    if (header.inProgress) return undefined;
    try {
      const value = work(this.#entries(header), header);
      if (this.#unchanged(header)) return value;
    } catch (error) {
      // Data that was read during a change may be inconsistent. Without a change the error is real.
      if (this.#unchanged(header)) throw error;
    }
    this.#directory = undefined;
    return undefined;
  }

  #entries(header: SegmentHeader): Entries {
    if (this.#directory?.epoch !== header.epoch) {
      this.#directory = { epoch: header.epoch, entries: readDirectory(this.memory, header) };
    }
    return this.#directory.entries;
  }

  #unchanged(header: SegmentHeader): boolean {
    const now = readHeader(this.memory);
    return !now.inProgress && now.epoch === header.epoch;
  }
}

function select(entries: Entries, patterns: readonly StatsPattern[]): DirectoryEntry[] {
  const tests = patterns.map(toRegExp);
  const wanted = (name: string) => tests.length === 0 || tests.some((test) => test.test(name));
  return entries.filter((entry) => entry !== undefined).filter((entry) => wanted(entry.name));
}

function toRegExp(pattern: StatsPattern): RegExp {
  if (pattern instanceof RegExp) return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")); // without memory
  if (typeof pattern !== "string") new OptionCheck("stats.read").refuse("pattern", "must be a string or a RegExp");
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}
