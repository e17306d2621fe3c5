// Addresses for property tests, with the cases in which printers differ: runs of zeros, and IPv4 addresses inside of IPv6.
import fc from "fast-check";

const GROUP = fc.oneof(
  { arbitrary: fc.constant(0), weight: 5 },
  { arbitrary: fc.constant(0xffff), weight: 2 },
  { arbitrary: fc.nat(0xff), weight: 2 },
  { arbitrary: fc.nat(0xffff), weight: 2 },
);

const groups = (count: number) => fc.array(GROUP, { minLength: count, maxLength: count });

/** Five groups of zeros, then any: among them are the IPv4-mapped and the IPv4-compatible addresses, and their neighbors. */
const WITH_IP4 = groups(3).map((last) => [0, 0, 0, 0, 0, ...last]);

const MAPPED = groups(2).map((last) => [0, 0, 0, 0, 0, 0xffff, ...last]);

/** The 16 bytes of an IPv6 address. */
export const IP6 = fc
  .oneof(groups(8), WITH_IP4, MAPPED)
  .map((words) => Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff])));

/** The 4 bytes of an IPv4 address. */
export const IP4 = fc.uint8Array({ minLength: 4, maxLength: 4 });

/** The 6 bytes of a MAC address. */
export const MAC = fc.uint8Array({ minLength: 6, maxLength: 6 });

/** Whether inet_ntop(3) prints a dotted quad that neither VPP nor the kernel prints: ::/96, unless the quad is below 0.1.0.0. */
export function isIp4Compatible(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 12).every((byte) => byte === 0) && (bytes[12] !== 0 || bytes[13] !== 0);
}

/** Whether inet_ntop(3) prints a dotted quad, and VPP does not: `::ffff:10.0.0.1`. */
export function isIp4Mapped(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
}
