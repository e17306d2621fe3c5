// Codecs of arrays.
import { show } from "../../options.js";
import type { Reader, Writer } from "../cursor.js";
import { FieldError, within } from "../field-error.js";
import type { Codec } from "./codec.js";

const LONGEST_LITERAL = 16;

/** Makes a codec of `u8 x[N]`: exactly N bytes. */
export function fixedBytesCodec(length: number): Codec {
  return {
    size: length,
    minSize: length,
    read: (reader) => reader.copy(length),
    write: (writer, value) => writer.raw(checkBytes(value, length)),
  };
}

/** Makes a codec of `u8 x[count]`. Without a count, the bytes go to the end of the message. */
export function bytesCodec(limit: number | undefined): Codec {
  return {
    size: undefined,
    minSize: 0,
    read: (reader, count) => reader.copy((count as number | undefined) ?? reader.remaining()),
    write: (writer, value) => writer.raw(checkLimit(checkBytes(value), limit)),
  };
}

/** Makes a codec of `type x[N]`: exactly N elements. */
export function fixedArrayCodec(element: Codec, length: number): Codec {
  return {
    size: element.size === undefined ? undefined : element.size * length,
    ...inlineArray(element, length),
    minSize: element.minSize * length,
    read: (reader) => readElements(reader, element, length),
    write: (writer, value) => writeElements(writer, element, checkArray(value, length)),
  };
}

/** Returns the code of an array literal for a few scalars, such as `u32 mtu[4]`. */
function inlineArray({ inline, helper, size }: Codec, length: number): Pick<Codec, "inline"> {
  if (inline === undefined || helper !== undefined || length > LONGEST_LITERAL) return {};
  const elements = Array.from({ length }, (_, i) => i * size!);
  return { inline: (at) => `[${elements.map((offset) => inline(`${at} + ${offset}`, "")).join(", ")}]` };
}

/** Makes a codec of `type x[count]`. Without a count, the elements go to the end of the message. */
export function arrayCodec(element: Codec, limit: number | undefined): Codec {
  return {
    size: undefined,
    minSize: 0,
    read(reader, count) {
      const length = (count as number | undefined) ?? Math.floor(reader.remaining() / Math.max(element.minSize, 1));
      return readElements(reader, element, length);
    },
    write: (writer, value) => writeElements(writer, element, checkLimit(checkArray(value), limit)),
  };
}

function readElements(reader: Reader, element: Codec, length: number): unknown[] {
  // A false count must not allocate memory: the message must have room for that many elements.
  if (length * Math.max(element.minSize, 1) > reader.remaining()) {
    const problem = `${length} elements do not fit in the ${reader.remaining()} bytes left of the message`;
    throw new FieldError(problem, "ERR_TRUNCATED");
  }
  const values = new Array<unknown>(length);
  let i = 0;
  try {
    for (; i < length; i++) values[i] = element.read(reader);
  } catch (error) {
    throw within(error, `[${i}]`);
  }
  return values;
}

function writeElements(writer: Writer, element: Codec, values: readonly unknown[]): void {
  let i = 0;
  try {
    for (; i < values.length; i++) element.write(writer, values[i]);
  } catch (error) {
    throw within(error, `[${i}]`);
  }
}

function checkArray(value: unknown, length?: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new FieldError(`${show(value)} is not an array`);
  if (length !== undefined && value.length !== length) {
    throw new FieldError(`${value.length} elements where ${length} belong`);
  }
  return value;
}

function checkBytes(value: unknown, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new FieldError(`${show(value)} is not a Uint8Array`);
  if (length !== undefined && value.length !== length) {
    throw new FieldError(`${value.length} bytes where ${length} belong`);
  }
  return value;
}

function checkLimit<T extends { readonly length: number }>(value: T, limit: number | undefined): T {
  if (limit === undefined || value.length <= limit) return value;
  throw new FieldError(`${value.length} elements where at most ${limit} may be`);
}
