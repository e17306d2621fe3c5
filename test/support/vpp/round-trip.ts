// Every message of a schema, there and back.
import { isDeepStrictEqual } from "node:util";
import type { Schema } from "../../../lib/binapi/schema.js";
import { Random, Sampler } from "./sample-values.js";

export interface RoundTrips {
  messages: number;
  passed: number;
  /** The failures, one line for each message. */
  failures: string[];
}

/** Encodes and decodes `rounds` generated values of each message. The bytes that come back must be the same. */
export function roundTrips(schema: Schema, rounds: number, seed = 1): RoundTrips {
  const failures: string[] = [];
  const names = schema.names();
  for (const name of names) {
    const problem = roundTrip(schema, name, rounds, seed);
    if (problem !== undefined) failures.push(`${name}: ${problem}`);
  }
  return { messages: names.length, passed: names.length - failures.length, failures };
}

function roundTrip(schema: Schema, name: string, rounds: number, seed: number): string | undefined {
  try {
    const message = schema.message(name);
    const { def, types } = schema.definition(name);
    const sampler = new Sampler(types, new Random(seed));
    for (let round = 0; round < rounds; round++) {
      const given = sampler.message(def, def.fields.length - message.fields.length);
      const bytes = message.encode(given, { id: 7, clientIndex: 8, context: 9 });
      const decoded = message.decode(bytes);
      if (!contains(decoded, given)) return `${show(given)} came back as ${show(decoded)}`;
      const again = message.encode(decoded, { id: 7, clientIndex: 8, context: 9 });
      if (Buffer.compare(bytes, again) !== 0) return `${show(given)} encodes differently after a round trip`;
    }
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** Whether everything in `given` is in `decoded` too (a union may come back with more arms than it was given). */
function contains(decoded: unknown, given: unknown): boolean {
  if (Array.isArray(given)) {
    return (
      Array.isArray(decoded) && decoded.length === given.length && given.every((one, i) => contains(decoded[i], one))
    );
  }
  if (typeof given !== "object" || given === null || given instanceof Uint8Array)
    return isDeepStrictEqual(decoded, given);
  const object = decoded as Record<string, unknown>;
  return Object.entries(given).every(([key, value]) => contains(object[key], value));
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : part)).slice(0, 200);
}
