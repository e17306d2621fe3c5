import type { EnumDef } from "../definitions.js";
import { describe, FieldError } from "../field-error.js";
import type { Codec } from "./codec.js";
import { SCALARS } from "./scalar.js";

/** An enum: the name of the value, or the number where it has none. */
export function enumCodec(def: EnumDef): Codec {
  const { base, names, numbers } = tables(def);
  return {
    size: base.size,
    minSize: base.minSize,
    read(reader) {
      const value = base.read(reader) as number;
      return names.get(value) ?? value;
    },
    write(writer, value) {
      base.write(writer, typeof value === "string" ? numberOf(def, numbers, value) : value);
    },
  };
}

/** Flags: the names of the bits that are set; bits without a name are one number at the end. */
export function flagsCodec(def: EnumDef): Codec {
  const { base, names, numbers } = tables(def);
  const bits = [...names].filter(([value]) => value !== 0 && (value & (value - 1)) === 0);
  return {
    size: base.size,
    minSize: base.minSize,
    read(reader) {
      let rest = base.read(reader) as number;
      const flags: (string | number)[] = [];
      for (const [bit, name] of bits) {
        if ((rest & bit) === 0) continue;
        flags.push(name);
        rest = (rest & ~bit) >>> 0;
      }
      if (rest !== 0) flags.push(rest);
      return flags;
    },
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
        throw new FieldError(`${describe(value)} is neither a flag of ${def.name} nor a number`).within(`[${i}]`);
      }
      all = (all | one) >>> 0;
    }
    return all;
  }
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
  throw new FieldError(`${describe(name)} is not a value of ${def.name} (${[...numbers.keys()].join(", ")})`);
}
