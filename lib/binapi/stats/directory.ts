// The directory of VPP's statistics segment.
import { PuntError } from "../../errors.js";
import type { StatsMemory } from "./memory.js";

/** The kinds of directory entries. */
export type EntryKind =
  | "scalar"
  | "simple"
  | "combined"
  | "error"
  | "names"
  | "symlink"
  | "histogram"
  | "ring"
  | "unknown";

export interface DirectoryEntry {
  name: string;
  kind: EntryKind;
  /** VPP's number of the kind. */
  type: number;
  /** Low half of the 8 bytes behind the type, which are a value or a pointer in VPP. */
  low: number;
  high: number;
}

/** Offsets in the header: u64 version, pointer base, u64 epoch, u64 in_progress, pointer directory, (22.02) pointer errors. */
const HEADER_SIZE = 48;
const LAYOUT_VERSION = 2;
/** u32 type, 4 bytes padding, 8 bytes value, char name[128]. */
const ENTRY_SIZE = 144;
const NAME_AT = 16;

/** Kinds by number. VPP renumbered them after 22.02, under the same layout version. */
const KINDS: readonly (EntryKind | undefined)[] = [
  undefined,
  "scalar",
  "simple",
  "combined",
  "names",
  undefined, // empty
  "symlink",
  "histogram",
  "ring", // from 26.06
  "scalar", // gauge
];
const KINDS_22_02: readonly (EntryKind | undefined)[] = [
  undefined,
  "scalar",
  "simple",
  "combined",
  "error",
  "names",
  undefined,
  "symlink",
];
const NAMES_TYPE_22_02 = 5;

export interface SegmentHeader {
  base: number;
  epoch: bigint;
  /** Whether VPP is changing the directory. */
  inProgress: boolean;
  directory: number;
  errors: number;
}

export function readHeader(memory: StatsMemory): SegmentHeader {
  const bytes = memory.read(0, HEADER_SIZE);
  const version = bytes.readBigUInt64LE(0);
  if (version !== BigInt(LAYOUT_VERSION)) {
    const text = `the statistics segment has layout version ${version}; known is ${LAYOUT_VERSION}`;
    throw new PuntError("stats.read", "ERR_BAD_SEGMENT", text, { version });
  }
  return {
    base: pointer(bytes, 8),
    epoch: bytes.readBigUInt64LE(16),
    inProgress: bytes.readBigUInt64LE(24) !== 0n,
    directory: pointer(bytes, 32),
    errors: pointer(bytes, 40),
  };
}

/** Returns all entries in order, because links refer to entries by index. An unused entry is undefined. */
export function readDirectory(memory: StatsMemory, header: SegmentHeader): (DirectoryEntry | undefined)[] {
  const bytes = memory.vector(header.directory - header.base, ENTRY_SIZE);
  const kinds = isOld(bytes) ? KINDS_22_02 : KINDS;
  const entries: (DirectoryEntry | undefined)[] = [];
  for (let at = 0; at < bytes.length; at += ENTRY_SIZE) {
    const type = bytes.readUInt32LE(at);
    const kind = type < kinds.length ? kinds[type] : "unknown";
    const name = kind && nameAt(bytes, at);
    const [low, high] = [bytes.readUInt32LE(at + 8), bytes.readUInt32LE(at + 12)];
    entries.push(name ? { name, kind, type, low, high } : undefined);
  }
  return entries;
}

/** Reports whether the segment has the numbers of 22.02. The type of `/if/names`, which every VPP has, decides. */
function isOld(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += ENTRY_SIZE) {
    if (bytes.readUInt32LE(at) === NAMES_TYPE_22_02 && nameAt(bytes, at) === "/if/names") return true;
  }
  return false;
}

function nameAt(bytes: Buffer, entry: number): string {
  const start = entry + NAME_AT;
  const end = bytes.indexOf(0, start);
  return bytes.toString("latin1", start, end < 0 || end > entry + ENTRY_SIZE ? entry + ENTRY_SIZE : end);
}

/** Reads a pointer as a number, which is exact because user-space addresses are below 2^48. */
export function pointer(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
