// Definitions of messages and types, as VPP's API language has them.
/** One field of a message, type or union, as VPP's API language has it. */
export interface FieldDef {
  name: string;
  /** A base type (`u32`, `string`), or the name of a type without VPP's `vl_api_` and `_t`. */
  type: string;
  /** Number of elements of a fixed array, or of bytes of a fixed string. */
  length?: number;
  /** Name of an earlier field, which holds the number of elements of this variable array. */
  lengthField?: string;
  /** Set for a string of any length, and for an array that ends with the message. */
  variable?: boolean;
  default?: number | bigint | boolean | string;
  /** Largest number of elements, or of bytes of a string. */
  limit?: number;
  /** Name of the field that selects an arm of this union. */
  discriminator?: string;
  /** For a union's arm: the name of the discriminator's value that selects it. */
  case?: string;
}

export type TypeDef =
  | { kind: "struct"; name: string; fields: FieldDef[] }
  | { kind: "union"; name: string; arms: FieldDef[] }
  | EnumDef
  | { kind: "alias"; name: string; type: string; length?: number };

/** An enum, or flags: an enum whose values are bits of one number. */
export interface EnumDef {
  kind: "enum" | "flags";
  name: string;
  base: string;
  values: [name: string, value: number][];
}

/** A message and, if it is a request, its answers. */
export interface MessageDef {
  name: string;
  /** Eight hex digits. */
  crc: string;
  /** All fields, beginning with `_vl_msg_id`. */
  fields: FieldDef[];
  /** Name of the .api file that defines the message, such as `memif`. */
  module: string;
  service?: ServiceDef;
}

export interface ServiceDef {
  /** Name of the reply; for a `*_dump`, of the details. */
  reply: string;
  /** Whether VPP may send several answers. */
  stream?: boolean;
  /** Name of the details that precede `reply`. */
  streamMessage?: string;
  events?: string[];
}

/** Finds a type by its name, in the scope of the message that is being compiled. */
export type TypeLookup = (name: string) => TypeDef | undefined;
