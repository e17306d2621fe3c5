import type { Reader, Writer } from "../cursor.js";
import type { Codec } from "./codec.js";

type Method = "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "u64" | "i64" | "f64" | "bool";

function scalar(name: Method, size: number): Codec {
  return {
    size,
    minSize: size,
    method: { name },
    read: (reader: Reader) => reader[name](),
    write: (writer: Writer, value: unknown) => writer[name](value),
  };
}

/** The base types of VPP's API language. */
export const SCALARS: ReadonlyMap<string, Codec> = new Map<string, Codec>([
  ["u8", scalar("u8", 1)],
  ["i8", scalar("i8", 1)],
  ["u16", scalar("u16", 2)],
  ["i16", scalar("i16", 2)],
  ["u32", scalar("u32", 4)],
  ["i32", scalar("i32", 4)],
  ["u64", scalar("u64", 8)],
  ["i64", scalar("i64", 8)],
  ["f64", scalar("f64", 8)],
  ["bool", scalar("bool", 1)],
]);

export function fixedStringCodec(size: number): Codec {
  return {
    size,
    minSize: size,
    method: { name: "fixedString", argument: size },
    read: (reader) => reader.fixedString(size),
    write: (writer, value) => writer.fixedString(value, size),
  };
}

/** `limit`: most bytes, where the definition has one. */
export function stringCodec(limit: number | undefined): Codec {
  return {
    size: undefined,
    minSize: 4,
    read: (reader) => reader.string(),
    write: (writer, value) => writer.string(value, limit),
  };
}
