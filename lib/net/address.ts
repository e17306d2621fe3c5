// IP addresses as text, to and from bytes. IPv6 text follows RFC 5952, as Linux prints it.

/** IP version. */
export type Family = 4 | 6;

/** Returns the four bytes at `at` as `10.0.0.1`. */
export function formatIp4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** Writes the bytes of `10.0.0.1` at `at`. Returns false if `text` is not an IPv4 address. */
export function parseIp4(text: string, out: Uint8Array, at: number): boolean {
  let value = -1;
  let parts = 0;
  for (let i = 0; i <= text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit >= 0 && digit <= 9) {
      if (value === 0) return false; // Some programs read "01" as octal.
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

/**
 * Returns the 16 bytes at `at` as text. An IPv4-mapped address ends in a dotted quad (RFC 5952, section 5): `::ffff:10.0.0.1`. Linux
 * prints it in the same way; VPP's command line alone prints `::ffff:a00:1`. Other addresses have no dotted quad: `::102:304` is the
 * form of VPP and of the Linux kernel (`%pI6c`). glibc's inet_ntop alone prints it as `::1.2.3.4`, the IPv4-compatible form that RFC
 * 4291 deprecates.
 */
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

/** The first of the longest runs of zero groups: RFC 5952 shortens this run. */
function longestZeroRun(groups: number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  let start = 0;
  for (let i = 0; i < groups.length; i++) {
    if (groups[i] !== 0) start = i + 1;
    else if (i + 1 - start > best[1]) best = [start, i + 1 - start];
  }
  return best;
}

/** Writes the bytes of an IPv6 address at `at`. Returns false if `text` is not an IPv6 address: 16 bytes have no room for a zone (`%eth0`). */
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

/** The bytes of `a:b:c`. The last part may be a dotted quad if the address ends with it. */
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
