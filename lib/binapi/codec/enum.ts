// Codecs of enums and of flags.
import { show } from "../../options.js";
import type { EnumDef } from "../definitions.js";
import { FieldError } from "../field-error.js";
import type { Codec } from "./codec.js";
import { SCALARS } from "./scalar.js";

/** Makes a codec of an enum. A value is its name, or a number if it has no name. */
export function enumCodec(def: EnumDef): Codec {
  const { base, names, numbers } = tables(def);
  const byValue = smallTable(names);
  const nameOf = (value: number) => byValue[value] ?? names.get(value) ?? value;
  return {
    size: base.size,
    minSize: base.minSize,
    read: (reader) => nameOf(base.read(reader) as number),
    inline: (at, codec) => `${codec}.helper(${base.inline!(at, "")})`,
    helper: nameOf,
    write(writer, value) {
      base.write(writer, typeof value === "string" ? numberOf(def, numbers, value) : value);
    },
  };
}

/** Makes a codec of flags. A value lists the names of the set bits. Bits without a name are one number at the end. */
export function flagsCodec(def: EnumDef): Codec {
  const { base, names, numbers } = tables(def);
  const bits = [...names].filter(([value]) => value !== 0 && (value & (value - 1)) === 0);
  const namesOf = (value: number) => {
    const flags: (string | number)[] = [];
    let rest = value;
    for (let i = 0; rest !== 0 && i < bits.length; i++) {
      const [bit, name] = bits[i]!;
      if ((rest & bit) === 0) continue;
      flags.push(name);
      rest = (rest & ~bit) >>> 0;
    }
    if (rest !== 0) flags.push(rest);
    return flags;
  };
  return {
    size: base.size,
    minSize: base.minSize,
    read: (reader) => namesOf(base.read(reader) as number),
    inline: (at, codec) => `${codec}.helper(${base.inline!(at, "")})`,
    helper: namesOf,
    write(writer, value) {
      base.write(writer, Array.isArray(value) ? union(value) : flag(value));
    },
  };

  function flag(value: unknown): unknown {
    return typeof value === "string" ? numberOf(def, numbers, value) : value;
  }

  function union(values: unknown[]): number {
    let all = 0;
    for (const [i, value] of values.entries()) {
      const one = flag(value);
      if (typeof one !== "number" || one >>> 0 !== one) {
        throw new FieldError(`${show(value)} is neither a flag of ${def.name} nor a number`).within(`[${i}]`);
      }
      all = (all | one) >>> 0;
    }
    return all;
  }
}

/** Returns the names of small values, by value: indexing an array is faster than looking up a map's key. */
function smallTable(names: ReadonlyMap<number, string>): (string | undefined)[] {
  const largest = Math.max(-1, ...[...names.keys()].filter((value) => value < 256));
  return Array.from({ length: largest + 1 }, (_, value) => names.get(value));
}

function tables(def: EnumDef) {
  const base = SCALARS.get(def.base);
  if (base?.size === undefined || base.size > 4) {
    throw new FieldError(`the type ${def.name} has the base ${def.base}`, "ERR_BAD_SCHEMA");
  }
  const names = new Map<number, string>();
  for (const [name, value] of def.values) if (!names.has(value)) names.set(value, name);
  return { base, names, numbers: new Map(def.values) };
}

function numberOf(def: EnumDef, numbers: Map<string, number>, name: string): number {
  const value = numbers.get(name);
  if (value !== undefined) return value;
  throw new FieldError(`${show(name)} is not a value of ${def.name} (${[...numbers.keys()].join(", ")})`);
}
