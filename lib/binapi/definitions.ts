// Definitions of messages and types, as VPP's API language has them.
/** One field of a message, type or union, as VPP's API language has it. */
export interface FieldDef {
  name: string;
  /** A base type (`u32`, `string`), or the name of a type without VPP's `vl_api_` and `_t`. */
  type: string;
  /** Elements of a fixed array; bytes of a fixed string. */
  length?: number;
  /** The field before this one that says how many elements a variable array has. */
  lengthField?: string;
  /** A string of any length, or an array that goes to the end of the message. */
  variable?: boolean;
  default?: number | bigint | boolean | string;
  /** Most elements, or bytes of a string. */
  limit?: number;
  /** The field that says which arm of this union is meant. */
  discriminator?: string;
  /** Of a union's arm: the name of the discriminator's value. */
  case?: string;
}

export type TypeDef =
  | { kind: "struct"; name: string; fields: FieldDef[] }
  | { kind: "union"; name: string; arms: FieldDef[] }
  | EnumDef
  | { kind: "alias"; name: string; type: string; length?: number };

/** `flags`: an enum whose values are bits of one number. */
export interface EnumDef {
  kind: "enum" | "flags";
  name: string;
  base: string;
  values: [name: string, value: number][];
}

/** A message and, for a request, what answers it. */
export interface MessageDef {
  name: string;
  /** Eight hex digits. */
  crc: string;
  /** All fields, `_vl_msg_id` first. */
  fields: FieldDef[];
  /** The .api file it comes from, such as `memif`. */
  module: string;
  service?: ServiceDef;
}

export interface ServiceDef {
  /** The message that answers; for a `*_dump`, each of the details. */
  reply: string;
  /** Whether there may be many answers. */
  stream?: boolean;
  /** The details that come before `reply`. */
  streamMessage?: string;
  events?: string[];
}

/** Looks a type up by its name, for the message being compiled. */
export type TypeLookup = (name: string) => TypeDef | undefined;
