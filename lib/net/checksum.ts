// The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit words.

/** Returns the plain sum of the words from `start` to `end`; a last odd byte is the high half of a word. */
export function sumWords(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let total = 0;
  let at = start;
  for (; at + 1 < end; at += 2) total += (bytes[at]! << 8) | bytes[at + 1]!;
  return at < end ? total + (bytes[at]! << 8) : total;
}

/** Returns the checksum of a plain sum. It is 0 where the sum includes a right checksum. */
export function checksumOf(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}
