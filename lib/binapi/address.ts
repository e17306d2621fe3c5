// Addresses as text, to and from bytes. RFC 5952 for IPv6.

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function formatIp4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** Writes a dotted quad at `at`; false if `text` is none. */
export function parseIp4(text: string, out: Uint8Array, at: number): boolean {
  let value = -1;
  let parts = 0;
  for (let i = 0; i <= text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit >= 0 && digit <= 9) {
      if (value === 0) return false; // "01": some read such a part as octal
      value = value < 0 ? digit : value * 10 + digit;
      if (value > 255) return false;
    } else {
      if (value < 0 || parts === 4 || (i < text.length && (digit !== -2 || parts === 3))) return false;
      out[at + parts++] = value;
      value = -1;
    }
  }
  return parts === 4;
}

export function formatIp6(bytes: Uint8Array, at: number): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[at + i]! << 8) | bytes[at + i + 1]!);
  const [start, length] = longestZeroRun(groups);
  if (length < 2) return groups.map(hexGroup).join(":");
  if (start === 0 && length === 5 && groups[5] === 0xffff) return `::ffff:${formatIp4(bytes, at + 12)}`;
  return `${groups.slice(0, start).map(hexGroup).join(":")}::${groups
    .slice(start + length)
    .map(hexGroup)
    .join(":")}`;
}

function hexGroup(group: number): string {
  return group.toString(16);
}

/** The first of the longest runs of zero groups, as RFC 5952 wants it shortened. */
function longestZeroRun(groups: number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  let start = 0;
  for (let i = 0; i < groups.length; i++) {
    if (groups[i] !== 0) start = i + 1;
    else if (i + 1 - start > best[1]) best = [start, i + 1 - start];
  }
  return best;
}

/** Writes an IPv6 address at `at`; false if `text` is none. A zone (`%eth0`) is refused: it has no place in 16 bytes. */
export function parseIp6(text: string, out: Uint8Array, at: number): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return false;
  const zeros = 16 - head.length - tail.length;
  if (halves.length === 1 ? zeros !== 0 : zeros < 2) return false;
  out.set(head, at);
  out.fill(0, at + head.length, at + head.length + zeros);
  out.set(tail, at + head.length + zeros);
  return true;
}

/** The bytes of `a:b:c`, whose last part may be a dotted quad where the address ends there. */
function parseGroups(text: string, mayEndInQuad: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (mayEndInQuad && i === parts.length - 1 && part.includes(".")) {
      if (!parseIp4(part, QUAD, 0)) return undefined;
      bytes.push(...QUAD);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      const group = Number.parseInt(part, 16);
      bytes.push(group >> 8, group & 0xff);
    }
  }
  return bytes;
}

const QUAD = new Uint8Array(4);

export function formatMac(bytes: Uint8Array, at: number): string {
  const a = `${HEX[bytes[at]!]}:${HEX[bytes[at + 1]!]}:${HEX[bytes[at + 2]!]}`;
  return `${a}:${HEX[bytes[at + 3]!]}:${HEX[bytes[at + 4]!]}:${HEX[bytes[at + 5]!]}`;
}

/** Writes `02:fd:00:00:00:01` at `at`; false if `text` is no MAC address. */
export function parseMac(text: string, out: Uint8Array, at: number): boolean {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) return false;
  for (let i = 0; i < 6; i++) out[at + i] = Number.parseInt(text.slice(i * 3, i * 3 + 2), 16);
  return true;
}
