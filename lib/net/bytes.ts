// Numbers of a frame, in network order.

/** Returns a number of two bytes. The caller has checked the length. */
export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
