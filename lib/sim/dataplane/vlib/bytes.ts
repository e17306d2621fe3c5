// Reading and writing network order in a frame. Callers check lengths: a node looks at a header only after it has seen
// that the frame is long enough for it.

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function setU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function setU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function equalBytes(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

/** Adds the 16-bit words of `length` bytes at `start` to a ones' complement sum; an odd last byte counts as its high half. */
export function sum16(bytes: Uint8Array, start: number, length: number, seed = 0): number {
  let sum = seed;
  const even = start + (length & ~1);
  for (let i = start; i < even; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  if (length & 1) sum += bytes[even]! << 8;
  return sum;
}

/** The internet checksum of a sum: folded to 16 bits and inverted. */
export function foldSum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

export function checksum(bytes: Uint8Array, start: number, length: number): number {
  return foldSum(sum16(bytes, start, length));
}
