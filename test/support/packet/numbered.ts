// Frames with a number in their first 32 bits, from which a test knows them again.

export function numberedFrame(number: number, size = 100): Uint8Array {
  const bytes = new Uint8Array(size).fill(number & 0xff);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** Frames with the numbers from `first` on. */
export function numberedFrames(count: number, first = 0, size = 100): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => numberedFrame(first + i, size));
}
