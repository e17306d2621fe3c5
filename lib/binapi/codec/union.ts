// Codecs of unions.
import { show } from "../../options.js";
import { Writer } from "../cursor.js";
import { FieldError, within } from "../field-error.js";
import type { Codec } from "./codec.js";

export interface Arm {
  name: string;
  codec: Codec;
  /** The discriminator's values that select this arm: name and number. */
  cases: readonly (string | number)[];
}

/**
 * Makes a codec of a union with a discriminator. A union has the size of its largest arm, and zeros follow a smaller one.
 *
 * Its value is `{ <arm>: value }`, or the bytes if the discriminator selects no arm.
 */
export function discriminatedUnionCodec(name: string, arms: readonly Arm[]): Codec {
  const size = unionSize(name, arms);
  const byCase = new Map(arms.flatMap((arm) => arm.cases.map((value) => [value, arm])));
  return {
    size,
    minSize: size,
    read(reader, selector) {
      const arm = byCase.get(selector as string | number);
      if (arm === undefined) return reader.copy(size);
      const start = reader.take(size);
      reader.at = start;
      const value = { [arm.name]: arm.codec.read(reader) };
      reader.at = start + size;
      return value;
    },
    write(writer, value, selector) {
      const arm = byCase.get(selector as string | number);
      if (value instanceof Uint8Array) return writeBytes(writer, value, size);
      const given = givenArms(name, arms, value);
      if (given.length !== 1 || given[0] !== arm) throw wrongArm(given, arm, selector);
      writeArm(writer, arm!, (value as Record<string, unknown>)[arm!.name], size);
    },
  };
}

/**
 * Makes a codec of a union without a discriminator. A decoded value has every arm, each as a view of the same bytes. Encoding takes
 * one arm. Of several arms it takes the largest, and the others must agree with its bytes.
 */
export function openUnionCodec(name: string, arms: readonly Arm[]): Codec {
  const size = unionSize(name, arms);
  const largestFirst = [...arms].sort((a, b) => b.codec.size! - a.codec.size!);
  return {
    size,
    minSize: size,
    read(reader) {
      const start = reader.take(size);
      const value: Record<string, unknown> = {};
      for (const arm of arms) {
        reader.at = start;
        value[arm.name] = arm.codec.read(reader);
      }
      reader.at = start + size;
      return value;
    },
    write(writer, value) {
      if (value instanceof Uint8Array) return writeBytes(writer, value, size);
      const given = givenArms(name, largestFirst, value);
      if (given.length === 0) throw new FieldError(`needs one of ${arms.map((arm) => arm.name).join(", ")}`);
      const start = writer.at;
      writeArm(writer, given[0]!, (value as Record<string, unknown>)[given[0]!.name], size);
      const written = writer.bytes.subarray(start, writer.at);
      for (const arm of given.slice(1)) checkAgrees(written, given[0]!, arm, value as Record<string, unknown>);
    },
  };
}

function unionSize(name: string, arms: readonly Arm[]): number {
  let size = 0;
  for (const arm of arms) {
    if (arm.codec.size === undefined) {
      throw new FieldError(`the arm ${arm.name} of the union ${name} has no fixed size`, "ERR_BAD_SCHEMA");
    }
    size = Math.max(size, arm.codec.size);
  }
  return size;
}

/** Returns the arms of `value`, in the order of `arms`. */
function givenArms(name: string, arms: readonly Arm[], value: unknown): Arm[] {
  if (typeof value !== "object" || value === null) throw new FieldError(`${show(value)} is not an object`);
  const known = new Set(arms.map((arm) => arm.name));
  const unknown = Object.keys(value).find((key) => !known.has(key));
  if (unknown !== undefined) {
    throw new FieldError(`is not an arm of ${name} (${[...known].join(", ")})`, "ERR_UNKNOWN_FIELD").within(unknown);
  }
  return arms.filter((arm) => (value as Record<string, unknown>)[arm.name] !== undefined);
}

function wrongArm(given: readonly Arm[], expected: Arm | undefined, selector: unknown): FieldError {
  const has = given.length === 0 ? "no arm" : given.map((arm) => arm.name).join(", ");
  if (expected === undefined) return new FieldError(`${show(selector)} selects no arm, but the value has ${has}`);
  return new FieldError(`${show(selector)} selects the arm ${expected.name}, but the value has ${has}`);
}

function writeArm(writer: Writer, arm: Arm, value: unknown, size: number): void {
  const start = writer.at;
  try {
    arm.codec.write(writer, value);
  } catch (error) {
    throw within(error, arm.name);
  }
  const padding = start + size - writer.at;
  const at = writer.skip(padding);
  writer.bytes.fill(0, at, at + padding);
}

function writeBytes(writer: Writer, bytes: Uint8Array, size: number): void {
  if (bytes.length !== size) throw new FieldError(`${bytes.length} bytes where ${size} belong`);
  writer.raw(bytes);
}

/** Checks that `arm` agrees with the written bytes. An arm that can't be encoded is a view of bytes of another type, and is ignored. */
function checkAgrees(written: Buffer, first: Arm, arm: Arm, value: Record<string, unknown>): void {
  const own = new Writer(64);
  try {
    arm.codec.write(own, value[arm.name]);
  } catch (error) {
    if (error instanceof FieldError) return;
    throw error;
  }
  if (own.bytes.compare(written, 0, own.at, 0, own.at) === 0) return;
  throw new FieldError(`${first.name} and ${arm.name} are the same bytes, but say different things: give one of them`);
}
