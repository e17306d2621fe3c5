// Codecs of numbers, booleans and text.
import { F64_LITTLE, type Reader, type Writer } from "../cursor.js";
import { readFixedText } from "../text-cache.js";
import type { Codec } from "./codec.js";

type Method = "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "u64" | "i64" | "f64" | "bool";

function scalar(name: Method, size: number, inline: (at: string) => string): Codec {
  return {
    size,
    minSize: size,
    method: { name },
    inline,
    read: (reader: Reader) => reader[name](),
    write: (writer: Writer, value: unknown) => writer[name](value),
  };
}

/** The base types of VPP's API language. */
export const SCALARS: ReadonlyMap<string, Codec> = new Map<string, Codec>([
  ["u8", scalar("u8", 1, (at) => `bytes[${at}]`)],
  ["i8", scalar("i8", 1, (at) => `view.getInt8(${at})`)],
  ["u16", scalar("u16", 2, (at) => `view.getUint16(${at})`)],
  ["i16", scalar("i16", 2, (at) => `view.getInt16(${at})`)],
  ["u32", scalar("u32", 4, (at) => `view.getUint32(${at})`)],
  ["i32", scalar("i32", 4, (at) => `view.getInt32(${at})`)],
  ["u64", scalar("u64", 8, (at) => `view.getBigUint64(${at})`)],
  ["i64", scalar("i64", 8, (at) => `view.getBigInt64(${at})`)],
  ["f64", scalar("f64", 8, (at) => `view.getFloat64(${at}, ${F64_LITTLE})`)],
  ["bool", scalar("bool", 1, (at) => `(bytes[${at}] !== 0)`)],
]);

export function fixedStringCodec(size: number): Codec {
  return {
    size,
    minSize: size,
    method: { name: "fixedString", argument: size },
    inline: (at, codec) => `${codec}.helper(bytes, ${at}, ${size})`,
    helper: readFixedText,
    read: (reader) => reader.fixedString(size),
    write: (writer, value) => writer.fixedString(value, size),
  };
}

/** Makes a codec of `string`. `limit` is the largest number of bytes, if the definition has a limit. */
export function stringCodec(limit: number | undefined): Codec {
  return {
    size: undefined,
    minSize: 4,
    read: (reader) => reader.string(),
    write: (writer, value) => writer.string(value, limit),
  };
}
