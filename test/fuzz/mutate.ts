// Damages good inputs: bytes of a message, and values inside a JSON document.
import type { Random } from "../support/vpp/sample-values.js";

const CORNERS = [0, 1, 0x7f, 0x80, 0xff];

/** Returns a copy with a few bytes changed, removed, repeated or added. */
export function damagedBytes(good: Uint8Array, random: Random): Uint8Array {
  let bytes = Buffer.from(good);
  for (let n = 1 + random.below(4); n > 0; n--) {
    const at = random.below(bytes.length + 1);
    const kind = random.below(5);
    if (kind === 0) bytes = bytes.subarray(0, at);
    else if (kind === 1)
      bytes = Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(8)), bytes.subarray(at)]);
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random.below(bytes.length + 1))]);
    else if (at < bytes.length) bytes[at] = kind === 3 ? random.pick(CORNERS) : random.below(256);
  }
  return bytes;
}

/** Values that a document has no business to contain somewhere. */
const STRANGE: readonly unknown[] = [
  ...[null, true, -1, 0.5, 1e308, 2 ** 32, 2 ** 53, "", "\0", "💥", "__proto__", "constructor", "a".repeat(300)],
  ...[[], {}, [[]], [null], { __proto__: 1 }, "10.0.0.1/33", "ff02::1", "any", "ANY", "١"],
  ...[
    { toString: 1, valueOf: 1, toJSON: 1 },
    { length: -1 },
    { length: 2 ** 40, 0: null },
    { length: { toString: 1 } },
  ],
];

/** Returns a copy of a JSON document with a few values replaced, removed, moved or repeated. */
export function damagedJson(good: unknown, random: Random): unknown {
  let document = structuredClone(good);
  for (let n = 1 + random.below(3); n > 0; n--) document = damagedOnce(document, random);
  return document;
}

/** Returns a JSON text with damaged bytes, or with damaged values in it. */
export function damagedText(text: string, random: Random): string {
  if (random.below(2) === 0) return Buffer.from(damagedBytes(Buffer.from(text), random)).toString();
  return JSON.stringify(damagedJson(JSON.parse(text), random)) ?? "";
}

function damagedOnce(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null || random.below(8) === 0)
    return structuredClone(random.pick(STRANGE));
  const fields = value as Record<string, unknown>;
  const keys = Object.keys(fields);
  const key = keys.length === 0 ? "field" : random.pick(keys);
  const kind = random.below(8);
  if (kind === 0) {
    if (Array.isArray(value)) value.splice(Number(key) || 0, 1);
    else delete fields[key];
  } else if (kind === 1) {
    if (Array.isArray(value)) value.push(structuredClone(value[random.below(value.length + 1)]));
    else fields[random.pick(["field", "constructor", "cnf", "toString"])] = structuredClone(fields[key]);
  } else fields[key] = damagedOnce(fields[key], random);
  return value;
}
