// Compiles the definition of a type to its codec.
import type { FieldDef, TypeDef, TypeLookup } from "../definitions.js";
import { FieldError, within } from "../field-error.js";
import { addressCodec, ip4Codec, ip6Codec, macCodec, prefixCodecs } from "./address.js";
import { arrayCodec, bytesCodec, fixedArrayCodec, fixedBytesCodec } from "./array.js";
import type { Codec } from "./codec.js";
import { enumCodec, flagsCodec } from "./enum.js";
import { fixedStringCodec, SCALARS, stringCodec } from "./scalar.js";
import { type StructField, structCodec } from "./struct.js";
import { type Arm, discriminatedUnionCodec, openUnionCodec } from "./union.js";

/** Types that are text in JavaScript, by name. The codec applies if the definition has the shape. */
const TEXT_TYPES: ReadonlyMap<string, { codec: Codec; shape: string }> = new Map([
  ["ip4_address", { codec: ip4Codec, shape: "u8[4]" }],
  ["ip6_address", { codec: ip6Codec, shape: "u8[16]" }],
  ["mac_address", { codec: macCodec, shape: "u8[6]" }],
  ["address", { codec: addressCodec, shape: "address_family af,address_union un" }],
  ["prefix", { codec: prefixCodecs.any, shape: "address address,u8 len" }],
  ["ip4_prefix", { codec: prefixCodecs.ip4, shape: "ip4_address address,u8 len" }],
  ["ip6_prefix", { codec: prefixCodecs.ip6, shape: "ip6_address address,u8 len" }],
]);

/** Makes a codec for each definition. Makes the codec of a type once. */
export class Compiler {
  readonly #codecs = new Map<string, Codec>();
  readonly #inWork = new Set<string>();
  readonly #lookup: TypeLookup;

  constructor(lookup: TypeLookup) {
    this.#lookup = lookup;
  }

  struct(fields: readonly FieldDef[]): Codec {
    return structCodec(fields.map((field, i) => this.#structField(field, i, fields)));
  }

  #structField(field: FieldDef, index: number, fields: readonly FieldDef[]): StructField {
    const countOf = fields.filter((other) => other.lengthField === field.name).map((other) => other.name);
    try {
      const selector = this.#selectorOf(field, index, fields);
      const related = selector ?? indexBefore(fields, index, field.lengthField);
      const codec = selector === undefined ? this.#field(field) : this.#discriminatedUnion(field, fields[selector]!);
      const result: StructField = { name: field.name, codec, countOf };
      if (field.default !== undefined) result.default = field.default;
      if (related !== undefined) result.related = related;
      return result;
    } catch (error) {
      throw within(error, field.name);
    }
  }

  /**
   * Returns the index of the field that selects an arm of the union `field`. The definition names that field since VPP 26.06. Before,
   * it is an earlier field whose enum has a value for every arm.
   */
  #selectorOf(field: FieldDef, index: number, fields: readonly FieldDef[]): number | undefined {
    const union = this.#resolve(field.type);
    if (union?.kind !== "union" || field.length !== undefined || field.lengthField !== undefined) return undefined;
    if (field.discriminator !== undefined) return indexBefore(fields, index, field.discriminator);
    for (let i = index - 1; i >= 0; i--) {
      const values = this.#enumValues(fields[i]!);
      if (values !== undefined && union.arms.every((arm) => caseOf(arm, values) !== undefined)) return i;
    }
    return undefined;
  }

  #enumValues(field: FieldDef): Map<string, number> | undefined {
    const type = this.#resolve(field.type);
    return type?.kind === "enum" && field.length === undefined ? new Map(type.values) : undefined;
  }

  #discriminatedUnion(field: FieldDef, selector: FieldDef): Codec {
    const union = this.#resolve(field.type) as Extract<TypeDef, { kind: "union" }>;
    const values = this.#enumValues(selector) ?? new Map<string, number>();
    const arms = union.arms.map((arm) => ({ ...this.#arm(arm), cases: caseOf(arm, values) ?? [] }));
    return discriminatedUnionCodec(union.name, arms);
  }

  #arm(field: FieldDef): Arm {
    return { name: field.name, codec: this.#field(field), cases: [] };
  }

  #field(field: FieldDef): Codec {
    if (field.type === "string") {
      if (field.length !== undefined) return fixedStringCodec(field.length);
      return stringCodec(field.limit);
    }
    const isArray = field.variable === true || field.lengthField !== undefined;
    if (field.type === "u8" && isArray) return bytesCodec(field.limit);
    if (field.type === "u8" && field.length !== undefined) return fixedBytesCodec(field.length);
    const element = this.#type(field.type);
    if (isArray) return arrayCodec(element, field.limit);
    return field.length === undefined ? element : fixedArrayCodec(element, field.length);
  }

  #type(name: string): Codec {
    const known = SCALARS.get(name) ?? this.#codecs.get(name);
    if (known !== undefined) return known;
    if (this.#inWork.has(name)) throw new FieldError(`the type ${name} contains itself`, "ERR_BAD_SCHEMA");
    this.#inWork.add(name);
    try {
      const codec = this.#compile(this.#definition(name));
      this.#codecs.set(name, codec);
      return codec;
    } finally {
      this.#inWork.delete(name);
    }
  }

  #compile(def: TypeDef): Codec {
    const text = TEXT_TYPES.get(def.name);
    if (text !== undefined && text.shape === shapeOf(def)) return text.codec;
    switch (def.kind) {
      case "struct":
        return this.struct(def.fields);
      case "union":
        return openUnionCodec(
          def.name,
          def.arms.map((arm) => this.#arm(arm)),
        );
      case "enum":
        return enumCodec(def);
      case "flags":
        return flagsCodec(def);
      case "alias":
        return this.#field({
          name: def.name,
          type: def.type,
          ...(def.length === undefined ? {} : { length: def.length }),
        });
    }
  }

  #definition(name: string): TypeDef {
    const def = this.#lookup(name);
    if (def === undefined) throw new FieldError(`the type ${name} is not defined`, "ERR_BAD_SCHEMA");
    return def;
  }

  /** Returns the type behind `name`. Follows aliases of single values. */
  #resolve(name: string, depth = 0): TypeDef | undefined {
    const def = this.#lookup(name);
    if (def?.kind !== "alias" || def.length !== undefined || depth > 8) return def;
    return this.#resolve(def.type, depth + 1);
  }
}

/** Returns name and number of the enum's value that selects `arm`: the value in its definition, or a value whose name ends in the arm's. */
function caseOf(arm: FieldDef, values: Map<string, number>): (string | number)[] | undefined {
  const suffix = `_${arm.name.toUpperCase()}`;
  for (const [name, value] of values) {
    const fits = arm.case === undefined ? name.replace(/_V\d+$/, "").endsWith(suffix) : name === arm.case;
    if (fits) return [name, value];
  }
  return undefined;
}

function indexBefore(fields: readonly FieldDef[], index: number, name: string | undefined): number | undefined {
  if (name === undefined) return undefined;
  const found = fields.findIndex((field) => field.name === name);
  if (found >= 0 && found < index) return found;
  throw new FieldError(`refers to ${name}, which is not an earlier field`, "ERR_BAD_SCHEMA");
}

function shapeOf(def: TypeDef): string {
  if (def.kind === "alias") return def.length === undefined ? def.type : `${def.type}[${def.length}]`;
  return def.kind === "struct" ? def.fields.map((field) => `${field.type} ${field.name}`).join(",") : def.kind;
}
