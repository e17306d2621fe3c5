// Reader and Writer: the only code that touches the bytes of a message. They check every read against the message's end and every
// value against the range of its type. They read nothing outside the message and truncate nothing silently.
import { endianness } from "node:os";
import { show } from "../options.js";
import { FieldError } from "./field-error.js";
import { readFixedText, readText } from "./text-cache.js";

/** The byte order of f64: the host's. All integers of the binary API are in network order. */
export const F64_LITTLE = endianness() === "LE";
const MAX_U64 = (1n << 64n) - 1n;
const MAX_I64 = (1n << 63n) - 1n;

/**
 * Reads a message from front to back. The message may end before the buffer does.
 * @example
 * ```ts
 * import { Reader, Schema, Writer } from "vpp-punt/binapi";
 *
 * const message = Schema.builtin().message("show_version");
 * const writer = new Writer();
 * message.write(writer, 1, 7, 42, {});
 * const reader = new Reader(writer.bytes.subarray(0, writer.at));
 * console.log(reader.u16(), reader.u32(), reader.u32()); // 1 7 42
 * ```
 */
export class Reader {
  bytes: Buffer;
  view: DataView;
  at = 0;
  end: number;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.byteLength;
  }

  /** Confines the reader to the message at `start`..`end` of its buffer. */
  window(start: number, end: number): this {
    this.at = start;
    this.end = end;
    return this;
  }

  /** Takes `size` bytes and returns their start. @throws FieldError ERR_TRUNCATED: the message ends before them */
  take(size: number): number {
    const start = this.at;
    const next = start + size;
    if (next > this.end) {
      throw new FieldError(`the message ends after ${this.end - start} of ${size} bytes`, "ERR_TRUNCATED");
    }
    this.at = next;
    return start;
  }

  /** Returns the number of bytes that are left. */
  remaining(): number {
    return this.end - this.at;
  }

  /** Reads an unsigned integer of 8 bits. */
  u8(): number {
    return this.bytes[this.take(1)]!;
  }
  /** Reads a signed integer of 8 bits. */
  i8(): number {
    return this.view.getInt8(this.take(1));
  }
  /** Reads an unsigned integer of 16 bits. */
  u16(): number {
    return this.view.getUint16(this.take(2));
  }
  /** Reads a signed integer of 16 bits. */
  i16(): number {
    return this.view.getInt16(this.take(2));
  }
  /** Reads an unsigned integer of 32 bits. */
  u32(): number {
    return this.view.getUint32(this.take(4));
  }
  /** Reads a signed integer of 32 bits. */
  i32(): number {
    return this.view.getInt32(this.take(4));
  }
  /** Reads an unsigned integer of 64 bits. */
  u64(): bigint {
    return this.view.getBigUint64(this.take(8));
  }
  /** Reads a signed integer of 64 bits. */
  i64(): bigint {
    return this.view.getBigInt64(this.take(8));
  }
  /** Reads a float of 64 bits. */
  f64(): number {
    return this.view.getFloat64(this.take(8), F64_LITTLE);
  }
  /** Reads a boolean, one byte. */
  bool(): boolean {
    return this.bytes[this.take(1)] !== 0;
  }

  /** Returns a copy of the next `size` bytes, which belongs to the caller. */
  copy(size: number): Uint8Array {
    const start = this.bytes.byteOffset + this.take(size);
    return new Uint8Array(this.bytes.buffer.slice(start, start + size));
  }

  /** Reads `size` bytes of text, which ends at the first NUL. */
  fixedString(size: number): string {
    return readFixedText(this.bytes, this.take(size), size);
  }

  /** Reads a u32 length, then text of that length. */
  string(): string {
    const size = this.u32();
    return readText(this.bytes, this.take(size), size);
  }
}

/**
 * Writes messages one behind the other into a buffer that grows.
 * @example
 * ```ts
 * import { Schema, Writer } from "vpp-punt/binapi";
 *
 * // Two messages in one buffer.
 * const schema = Schema.builtin();
 * const writer = new Writer();
 * schema.message("show_version").write(writer, 1, 0, 1, {});
 * schema.message("control_ping").write(writer, 2, 0, 2, {});
 * console.log(writer.bytes.subarray(0, writer.at));
 * ```
 */
export class Writer {
  bytes: Buffer;
  view: DataView;
  at = 0;

  constructor(capacity = 4096) {
    this.bytes = Buffer.from(new ArrayBuffer(capacity));
    this.view = new DataView(this.bytes.buffer);
  }

  /**
   * Reserves `size` bytes at the end and returns their start. The call may replace `bytes` and `view`: read these two properties
   * after it, not before.
   */
  skip(size: number): number {
    const start = this.at;
    if (start + size > this.bytes.length) this.#grow(start + size);
    this.at = start + size;
    return start;
  }

  /** Writes an unsigned integer of 8 bits. */
  u8(value: unknown): void {
    if (typeof value !== "number" || (value & 0xff) !== value) throw outOfRange(value, "u8", 0, 0xff);
    const start = this.skip(1);
    this.bytes[start] = value;
  }
  /** Writes a signed integer of 8 bits. */
  i8(value: unknown): void {
    if (typeof value !== "number" || (value << 24) >> 24 !== value) throw outOfRange(value, "i8", -0x80, 0x7f);
    const start = this.skip(1);
    this.view.setInt8(start, value);
  }
  /** Writes an unsigned integer of 16 bits. */
  u16(value: unknown): void {
    if (typeof value !== "number" || (value & 0xffff) !== value) throw outOfRange(value, "u16", 0, 0xffff);
    const start = this.skip(2);
    this.view.setUint16(start, value);
  }
  /** Writes a signed integer of 16 bits. */
  i16(value: unknown): void {
    if (typeof value !== "number" || (value << 16) >> 16 !== value) throw outOfRange(value, "i16", -0x8000, 0x7fff);
    const start = this.skip(2);
    this.view.setInt16(start, value);
  }
  /** Writes an unsigned integer of 32 bits. */
  u32(value: unknown): void {
    if (typeof value !== "number" || value >>> 0 !== value) throw outOfRange(value, "u32", 0, 0xffffffff);
    const start = this.skip(4);
    this.view.setUint32(start, value);
  }
  /** Writes a signed integer of 32 bits. */
  i32(value: unknown): void {
    if (typeof value !== "number" || (value | 0) !== value) throw outOfRange(value, "i32", -0x80000000, 0x7fffffff);
    const start = this.skip(4);
    this.view.setInt32(start, value);
  }
  /** Writes an unsigned integer of 64 bits. */
  u64(value: unknown): void {
    const wide = wideInteger(value, "u64", 0n, MAX_U64);
    const start = this.skip(8);
    this.view.setBigUint64(start, wide);
  }
  /** Writes a signed integer of 64 bits. */
  i64(value: unknown): void {
    const wide = wideInteger(value, "i64", -MAX_I64 - 1n, MAX_I64);
    const start = this.skip(8);
    this.view.setBigInt64(start, wide);
  }
  /** Writes a float of 64 bits. */
  f64(value: unknown): void {
    if (typeof value !== "number") throw new FieldError(`${show(value)} is not a number`);
    const start = this.skip(8);
    this.view.setFloat64(start, value, F64_LITTLE);
  }
  /** Writes a boolean, one byte. */
  bool(value: unknown): void {
    if (typeof value !== "boolean") throw new FieldError(`${show(value)} is not a boolean`);
    const start = this.skip(1);
    this.bytes[start] = value ? 1 : 0;
  }

  /** Writes the bytes of `value`. */
  raw(value: Uint8Array): void {
    const start = this.skip(value.length);
    this.bytes.set(value, start);
  }

  /** Writes text, padded with NULs to `size` bytes. At least one NUL remains. */
  fixedString(value: unknown, size: number): void {
    const text = checkText(value);
    const start = this.skip(size);
    const length = this.#text(text, start, size);
    if (length >= size) throw new FieldError(`${show(value)} is longer than ${size - 1} bytes`);
    if (text.includes("\0")) throw new FieldError(`${show(value)} has a NUL character, which ends a string in VPP`);
    this.bytes.fill(0, start + length, start + size);
  }

  /** Writes a u32 length, then text of at most `limit` bytes. */
  string(value: unknown, limit = 0xffffffff): void {
    const text = checkText(value);
    const size = Buffer.byteLength(text);
    if (size > limit) throw new FieldError(`${show(value)} is longer than ${limit} bytes`);
    this.u32(size);
    this.#text(text, this.skip(size), size);
  }

  /** Writes at most `room` bytes of the text at `start`. Returns the length of the whole text in bytes. */
  #text(text: string, start: number, room: number): number {
    const length = text.length;
    if (length > room) return length;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return this.#wideText(text, start, room);
      this.bytes[start + i] = code;
    }
    return length;
  }

  #wideText(text: string, start: number, room: number): number {
    const size = Buffer.byteLength(text);
    if (size <= room) this.bytes.write(text, start, room, "utf8");
    return size;
  }

  #grow(needed: number): void {
    const larger = Buffer.from(new ArrayBuffer(Math.max(needed, this.bytes.length * 2)));
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}

function outOfRange(value: unknown, type: string, min: number, max: number): FieldError {
  if (typeof value !== "number") return new FieldError(`${show(value)} is not a number (${type})`);
  return new FieldError(`${show(value)} is not an integer in ${min}..${max} (${type})`);
}

function wideInteger(value: unknown, type: string, min: bigint, max: bigint): bigint {
  const wide = Number.isSafeInteger(value) ? BigInt(value as number) : value;
  if (typeof wide !== "bigint") throw new FieldError(`${show(value)} is not a bigint or safe integer (${type})`);
  if (wide < min || wide > max) throw new FieldError(`${wide} is not in ${min}..${max} (${type})`);
  return wide;
}

function checkText(value: unknown): string {
  if (typeof value !== "string") throw new FieldError(`${show(value)} is not a string`);
  return value;
}
