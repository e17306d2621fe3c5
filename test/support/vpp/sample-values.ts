// Values for any message: what a codec has to carry there and back.

import type { EnumDef, FieldDef, MessageDef, TypeDef, TypeLookup } from "../../../lib/binapi/definitions.js";
import { formatIp4, formatIp6, formatMac } from "../../../lib/net/index.js";

/** A small random generator with a seed, so that a failure can be repeated (xorshift32). */
export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = seed | 0 || 1;
  }
  u32(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state >>> 0;
  }
  below(limit: number): number {
    return this.u32() % limit;
  }
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

type Value = Record<string, unknown>;

/** Makes values for messages whose types `lookup` knows. */
export class Sampler {
  constructor(
    private readonly lookup: TypeLookup,
    private readonly random: Random,
  ) {}

  /** A value of the message's fields behind the header. */
  message(def: MessageDef, headerFields: number): Value {
    return this.struct(def.fields.slice(headerFields));
  }

  private struct(fields: readonly FieldDef[]): Value {
    const value: Value = {};
    const counts = new Map<string, number>();
    for (const { lengthField } of fields) if (lengthField !== undefined) counts.set(lengthField, this.random.below(4));
    for (const field of fields) {
      const count = counts.get(field.name);
      value[field.name] = count ?? this.field(field, value, fields, counts);
    }
    return value;
  }

  private field(field: FieldDef, siblings: Value, fields: readonly FieldDef[], counts: Map<string, number>): unknown {
    if (field.type === "string") return this.text(field.length === undefined ? 40 : field.length - 1);
    const length = field.lengthField !== undefined ? counts.get(field.lengthField)! : field.variable ? 3 : field.length;
    if (length === undefined) return this.single(field, siblings, fields);
    if (field.type === "u8") return this.random.bytes(length);
    return Array.from({ length }, () => this.type(field.type));
  }

  /** Fills a union: uses the arm that an enum among its siblings selects, if the enum's values have the names of the arms. */
  private single(field: FieldDef, siblings: Value, fields: readonly FieldDef[]): unknown {
    const def = this.lookup(field.type);
    if (def?.kind !== "union") return this.type(field.type);
    for (const other of fields) {
      const selector = this.lookup(other.type);
      if (selector?.kind !== "enum" || siblings[other.name] === undefined) continue;
      const arms = def.arms.map((arm) => ({ arm, value: valueFor(arm, selector) }));
      if (!arms.every(({ value }) => value !== undefined)) continue;
      const chosen = arms.find(({ value }) => value === siblings[other.name]);
      return chosen === undefined ? this.random.bytes(this.size(def)) : { [chosen.arm.name]: this.arm(chosen.arm) };
    }
    return this.openUnion(def);
  }

  private openUnion(def: Extract<TypeDef, { kind: "union" }>): Value {
    const largest = [...def.arms].sort((a, b) => this.fieldSize(b) - this.fieldSize(a))[0]!;
    return { [largest.name]: this.arm(largest) };
  }

  private arm(arm: FieldDef): unknown {
    return this.field(arm, {}, [], new Map());
  }

  private type(name: string): unknown {
    const scalar = this.scalar(name);
    if (scalar !== undefined) return scalar;
    const def = this.lookup(name)!;
    if (def.kind === "struct") return this.struct(def.fields);
    if (def.kind === "union") return this.openUnion(def);
    if (def.kind !== "alias") return def.kind === "enum" ? this.random.pick(canonical(def)) : this.flags(def);
    return this.field({ name, type: def.type, ...(def.length ? { length: def.length } : {}) }, {}, [], new Map());
  }

  private flags(def: EnumDef): string[] {
    const single = canonical(def).filter((name) => {
      const value = new Map(def.values).get(name)!;
      return value !== 0 && (value & (value - 1)) === 0;
    });
    return single.filter(() => this.random.below(2) === 0);
  }

  /** Base types, and the types that are text; undefined for any other. */
  private scalar(name: string): unknown {
    const random = this.random;
    const prefix = (address: string) => `${address}/${random.below(address.includes(":") ? 129 : 33)}`;
    switch (name) {
      case "u8":
        return random.below(256);
      case "i8":
        return random.below(256) - 128;
      case "u16":
        return random.below(65536);
      case "i16":
        return random.below(65536) - 32768;
      case "u32":
        return random.u32();
      case "i32":
        return random.u32() | 0;
      case "u64":
        return (BigInt(random.u32()) << 32n) | BigInt(random.u32());
      case "i64":
        return BigInt.asIntN(64, (BigInt(random.u32()) << 32n) | BigInt(random.u32()));
      case "f64":
        return random.u32() / 1024 - 1e6;
      case "bool":
        return random.below(2) === 1;
      case "ip4_address":
        return formatIp4(random.bytes(4), 0);
      case "ip6_address":
        return this.ip6();
      case "mac_address":
        return formatMac(random.bytes(6), 0);
      case "address":
        return this.ip();
      case "prefix":
        return prefix(this.ip());
      case "ip4_prefix":
        return prefix(formatIp4(random.bytes(4), 0));
      case "ip6_prefix":
        return prefix(this.ip6());
      default:
        return undefined;
    }
  }

  private ip(): string {
    return this.random.below(2) ? this.ip6() : formatIp4(this.random.bytes(4), 0);
  }

  /** With runs of zeros, so that shortened forms come up. */
  private ip6(): string {
    const bytes = this.random.bytes(16);
    const start = this.random.below(16);
    bytes.fill(0, start, start + this.random.below(16));
    return formatIp6(bytes, 0);
  }

  private text(longest: number): string {
    const characters = this.random.below(8) === 0 ? "añ漢😀" : "abcxyz-_/.0123";
    let text = "";
    for (let i = this.random.below(longest + 1); i > 0; i--) {
      const next = text + this.random.pick([...characters]);
      if (Buffer.byteLength(next) > longest) break;
      text = next;
    }
    return text;
  }

  private size(def: TypeDef): number {
    if (def.kind === "union") return Math.max(...def.arms.map((arm) => this.fieldSize(arm)));
    if (def.kind === "struct") return def.fields.reduce((sum, field) => sum + this.fieldSize(field), 0);
    if (def.kind === "alias") return this.fieldSize({ ...def });
    return SIZES[def.base]!;
  }

  private fieldSize(field: FieldDef): number {
    if (field.type === "string") return field.length ?? 0;
    const def = this.lookup(field.type);
    return (def === undefined ? SIZES[field.type]! : this.size(def)) * (field.length ?? 1);
  }
}

const SIZES: Record<string, number> = { u8: 1, i8: 1, bool: 1, u16: 2, i16: 2, u32: 4, i32: 4, u64: 8, i64: 8, f64: 8 };

/** The name that a value decodes to: of several for one value the first. */
function canonical(def: EnumDef): string[] {
  const first = new Map<number, string>();
  for (const [name, value] of def.values) if (!first.has(value)) first.set(value, name);
  return [...first.values()];
}

function valueFor(arm: FieldDef, selector: EnumDef): string | undefined {
  const suffix = `_${arm.name.toUpperCase()}`;
  const names = canonical(selector);
  return arm.case ?? names.find((name) => name.endsWith(suffix) || name.replace(/_V\d+$/, "").endsWith(suffix));
}
