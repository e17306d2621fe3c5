// Addresses and prefixes as text, in their one canonical form, and as numbers to calculate with.
import { type Family, formatIp4, formatIp6, parseIp4, parseIp6 } from "./address.js";

/** An address with the length of its subnet's prefix. */
export interface Prefix {
  readonly family: Family;
  /** Canonical text of the address, host bits included. */
  readonly address: string;
  readonly length: number;
}

const bytes = new Uint8Array(16);
const words = new DataView(bytes.buffer);

/** Writes the address into `bytes`. Returns its family; undefined if `text` is not an IP address. */
function read(text: string): Family | undefined {
  if (parseIp4(text, bytes, 0)) return 4;
  return parseIp6(text, bytes, 0) ? 6 : undefined;
}

function write(family: Family): string {
  return family === 4 ? formatIp4(bytes, 0) : formatIp6(bytes, 0);
}

/** Returns 4 or 6; undefined if `text` is not an IP address. An address with a zone (`fe80::1%eth0`) is not one. */
export function familyOf(text: string): Family | undefined {
  return read(text);
}

/** Returns the address in the form that `formatIp4` and `formatIp6` print; undefined if `text` is not an IP address. */
export function canonicalAddress(text: string): string | undefined {
  const family = read(text);
  return family && write(family);
}

/** Splits `10.0.0.1/24`. Returns undefined unless both parts are present and in range. */
export function parsePrefix(text: string): Prefix | undefined {
  const [address, digits, ...rest] = text.split("/");
  const family = read(address!);
  if (family === undefined || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(digits ?? "")) return undefined;
  const length = Number(digits);
  return length > widthOf(family) ? undefined : { family, address: write(family), length };
}

/** As `parsePrefix`, and takes an address without a length as a network of that one host. */
export function parseNetwork(text: string): Prefix | undefined {
  const family = familyOf(text);
  return parsePrefix(family ? `${text}/${widthOf(family)}` : text);
}

/** Returns the inverse of `parsePrefix`. */
export function formatPrefix({ address, length }: Pick<Prefix, "address" | "length">): string {
  return `${address}/${length}`;
}

/** Returns the number of bits of an address: 32 or 128. */
export function widthOf(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** Returns the address as a number whose highest byte is the first. `address` must be valid. */
export function toNumber(address: string): bigint {
  if (read(address) === 4) return BigInt(words.getUint32(0));
  return (words.getBigUint64(0) << 64n) | words.getBigUint64(8);
}

/** Returns the inverse of `toNumber`. */
export function fromNumber(value: bigint, family: Family): string {
  if (family === 4) {
    words.setUint32(0, Number(value));
  } else {
    words.setBigUint64(0, value >> 64n);
    words.setBigUint64(8, value & 0xffff_ffff_ffff_ffffn);
  }
  return write(family);
}

/** Returns the first and the last address of the prefix's subnet. */
export function rangeOf({ family, address, length }: Prefix): { first: string; last: string } {
  const hostBits = BigInt(widthOf(family) - length);
  const first = (toNumber(address) >> hostBits) << hostBits;
  return { first: fromNumber(first, family), last: fromNumber(first | ((1n << hostBits) - 1n), family) };
}

/** Returns the prefix of the subnet, without host bits. */
export function networkOf(prefix: Prefix): Prefix {
  return { ...prefix, address: rangeOf(prefix).first };
}

/** Whether the address lies in the network's subnet. */
export function contains(network: Prefix, address: string): boolean {
  if (familyOf(address) !== network.family) return false;
  const hostBits = BigInt(widthOf(network.family) - network.length);
  return toNumber(address) >> hostBits === toNumber(network.address) >> hostBits;
}
