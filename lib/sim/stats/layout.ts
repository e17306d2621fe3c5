// The layout of VPP's statistics segment: a header, a directory of entries, and the vectors that they point to.

/** One statistic, with one thread's values. */
export type Entry =
  | { readonly kind: "scalar"; readonly name: string; readonly value: number }
  /** Values by index. */
  | { readonly kind: "simple"; readonly name: string; readonly values: readonly number[] }
  /** Packets and bytes by index. */
  | { readonly kind: "combined"; readonly name: string; readonly values: readonly (readonly [number, number])[] }
  | { readonly kind: "names"; readonly name: string; readonly names: readonly string[] };

/** Where VPP maps the segment. Pointers in it are addresses from here on. */
const BASE = 0x1_0000_0000;
const LAYOUT_VERSION = 2n;
/** version, base, epoch, in_progress, directory, and on 22.02 a vector of errors. */
const HEADER_SIZE = 64;
/** Offsets in the header. */
export const EPOCH_AT = 16;
export const IN_PROGRESS_AT = 24;
const DIRECTORY_AT = 32;
/** u32 length and 4 bytes of VPP's own, in front of the elements of a vector. */
const VECTOR_HEADER = 8;
/** u32 type, 4 bytes padding, 8 bytes value, char name[128]. */
const ENTRY_SIZE = 144;
const NAME_SIZE = 128;

const TYPES = { scalar: 1, simple: 2, combined: 3, names: 4 } as const;
/** VPP renumbered the type of names after 22.02. */
const NAMES_TYPE_22_02 = 5;

/** A segment under construction. It grows from the front. */
class Builder {
  readonly #parts: Buffer[] = [Buffer.alloc(HEADER_SIZE)];
  #size = HEADER_SIZE;

  /** Appends a vector and returns its address. */
  vector(elements: Buffer, count: number): number {
    const size = VECTOR_HEADER + Math.ceil(elements.length / 8) * 8;
    const bytes = Buffer.alloc(size);
    bytes.writeUInt32LE(count, 0);
    elements.copy(bytes, VECTOR_HEADER);
    this.#parts.push(bytes);
    this.#size += size;
    return BASE + this.#size - size + VECTOR_HEADER;
  }

  /** Appends a vector of 64-bit numbers. */
  words(numbers: readonly number[], elementSize = 8): number {
    const bytes = Buffer.alloc(numbers.length * 8);
    for (const [index, value] of numbers.entries()) bytes.writeBigUInt64LE(BigInt(value), index * 8);
    return this.vector(bytes, bytes.length / elementSize);
  }

  finish(directory: number): Buffer {
    const bytes = Buffer.concat(this.#parts);
    bytes.writeBigUInt64LE(LAYOUT_VERSION, 0);
    bytes.writeBigUInt64LE(BigInt(BASE), 8);
    bytes.writeBigUInt64LE(BigInt(directory), DIRECTORY_AT);
    return bytes;
  }
}

function entryValue(entry: Entry, builder: Builder): number {
  switch (entry.kind) {
    case "scalar":
      return entry.value;
    case "simple":
      return builder.words([builder.words(entry.values)]);
    case "combined":
      return builder.words([builder.words(entry.values.flat(), 16)]);
    case "names":
      return builder.words(
        entry.names.map((name) => (name === "" ? 0 : builder.vector(Buffer.from(`${name}\0`), name.length + 1))),
      );
  }
}

/** Returns the bytes of a segment whose epoch is 0 and which is not being changed. */
export function segmentOf(entries: readonly Entry[], release: string): Buffer {
  const builder = new Builder();
  const directory = Buffer.alloc(entries.length * ENTRY_SIZE);
  for (const [index, entry] of entries.entries()) {
    const type = entry.kind === "names" && release === "22.02" ? NAMES_TYPE_22_02 : TYPES[entry.kind];
    directory.writeUInt32LE(type, index * ENTRY_SIZE);
    directory.writeBigUInt64LE(BigInt(entryValue(entry, builder)), index * ENTRY_SIZE + 8);
    directory.write(entry.name, index * ENTRY_SIZE + 16, NAME_SIZE - 1);
  }
  return builder.finish(builder.vector(directory, entries.length));
}
