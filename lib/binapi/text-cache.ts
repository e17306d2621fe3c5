// A cache of short strings: dumps repeat interface names, tags, device types and MAC addresses. Making a JavaScript string from bytes
// costs 60 to 150 ns, and finding it in the cache 10 to 20 ns.
import { formatMac } from "../net/index.js";

const SLOTS = 2048;
const LONGEST = 48;
const texts: string[] = new Array(SLOTS).fill("");

/** Returns the text of `size` bytes. */
export function readText(bytes: Buffer, start: number, size: number): string {
  let hash = 0;
  let seen = 0;
  const end = size > LONGEST ? start : start + size;
  for (let i = start; i < end; i++) {
    seen |= bytes[i]!;
    hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
  }
  return cached(bytes, start, start + size, hash, seen);
}

/** Returns the text in `size` bytes, which ends at the first NUL. */
export function readFixedText(bytes: Buffer, start: number, size: number): string {
  const limit = start + size;
  let hash = 0;
  let seen = 0;
  let end = start;
  for (; end < limit; end++) {
    const byte = bytes[end]!;
    if (byte === 0) break;
    seen |= byte;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  return cached(bytes, start, end, hash, seen);
}

/** Returns a text through the cache. `seen` is all bytes or-ed together. The cache keeps short ASCII texts only. */
function cached(bytes: Buffer, start: number, end: number, hash: number, seen: number): string {
  const length = end - start;
  if (length === 0) return "";
  if (seen > 0x7f || length > LONGEST) return bytes.toString("utf8", start, end);
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const known = texts[slot]!;
  if (known.length === length && same(known, bytes, start)) return known;
  const text = bytes.toString("latin1", start, end);
  texts[slot] = text;
  return text;
}

function same(text: string, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

const macs: string[] = new Array(SLOTS).fill("00:00:00:00:00:00");
/** The bytes of `macs`, as two numbers for each. */
const macHeads = new Int32Array(SLOTS);
const macTails = new Int32Array(SLOTS);

/** Returns the text of the MAC address at `at`: `02:fd:00:00:00:01`. */
export function readMac(bytes: Uint8Array, at: number): string {
  const head = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
  const tail = (bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!;
  const slot = (tail ^ (tail >>> 11) ^ head) & (SLOTS - 1);
  if (macHeads[slot] !== head || macTails[slot] !== tail) {
    macs[slot] = formatMac(bytes, at);
    macHeads[slot] = head;
    macTails[slot] = tail;
  }
  return macs[slot]!;
}
