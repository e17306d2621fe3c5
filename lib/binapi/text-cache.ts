// Interface names, tags, device types: dumps repeat the same short strings again and again. Making a JavaScript string out of
// bytes costs 60-150 ns, finding the same one again 10-20 ns.

const SLOTS = 2048;
const LONGEST = 48;
const slots: string[] = new Array(SLOTS).fill("");

/** The ASCII text at `start`..`end`; undefined if it is not ASCII, or too long to be worth it. */
export function readAscii(bytes: Buffer, start: number, end: number): string | undefined {
  const length = end - start;
  if (length === 0) return "";
  if (length > LONGEST) return undefined;
  let hash = length;
  let seen = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    seen |= byte;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  if (seen > 0x7f) return undefined;
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const known = slots[slot]!;
  if (known.length === length && same(known, bytes, start)) return known;
  const text = bytes.toString("latin1", start, end);
  slots[slot] = text;
  return text;
}

function same(text: string, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
