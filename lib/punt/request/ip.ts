// Addresses and prefixes as text, in the one form the binary API's codec and Linux print them in.
import { isIP, SocketAddress } from "node:net";

/** IP version. */
export type Family = 4 | 6;

export interface Prefix {
  readonly family: Family;
  /** Canonical text of the address, host bits included. */
  readonly address: string;
  readonly length: number;
}

/** 4, 6, or undefined for text that is no IP address. */
export function familyOf(address: string): Family | undefined {
  const family = isIP(address);
  return family === 0 || address.includes("%") ? undefined : (family as Family);
}

/** The address as inet_ntop(3) prints it; undefined for text that is no IP address. */
export function canonicalAddress(address: string): string | undefined {
  const family = familyOf(address);
  if (family === undefined) return undefined;
  return family === 4 ? address : new SocketAddress({ address, family: "ipv6" }).address;
}

/** Splits `10.0.0.1/24`; undefined unless both parts are there and in range. */
export function parsePrefix(text: string): Prefix | undefined {
  const [address, length, ...rest] = text.split("/");
  const family = familyOf(address);
  if (family === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length ?? "")) return undefined;
  const bits = Number(length);
  return bits > widthOf(family) ? undefined : { family, address: canonicalAddress(address)!, length: bits };
}

export function formatPrefix({ address, length }: Prefix): string {
  return `${address}/${length}`;
}

/** Bits of an address: 32 or 128. */
export function widthOf(family: Family): number {
  return family === 4 ? 32 : 128;
}

/** The address as a number, its first byte the highest. */
export function toNumber(address: string): bigint {
  return familyOf(address) === 4 ? fold(address.split("."), 8n, 10) : fold(groupsOf(address), 16n, 16);
}

function fold(groups: readonly string[], bits: bigint, radix: number): bigint {
  return groups.reduce((sum, group) => (sum << bits) | BigInt(Number.parseInt(group, radix)), 0n);
}

/** The eight groups of an IPv6 address, `::` and a dotted tail written out. */
function groupsOf(address: string): string[] {
  const [head, tail] = withoutDottedTail(address).split("::");
  const left = head === "" ? [] : head.split(":");
  if (tail === undefined) return left;
  const right = tail === "" ? [] : tail.split(":");
  return [...left, ...Array(8 - left.length - right.length).fill("0"), ...right];
}

function withoutDottedTail(address: string): string {
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (!dotted) return address;
  const [a, b, c, d] = dotted.slice(1).map(Number);
  return `${address.slice(0, dotted.index)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

/** The inverse of `toNumber`. */
export function fromNumber(value: bigint, family: Family): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  return canonicalAddress(groups.join(":"))!;
}

/** First and last address of the subnet that the prefix lies in. */
export function rangeOf({ family, address, length }: Prefix): { first: string; last: string } {
  const hostBits = BigInt(widthOf(family) - length);
  const first = (toNumber(address) >> hostBits) << hostBits;
  return { first: fromNumber(first, family), last: fromNumber(first | ((1n << hostBits) - 1n), family) };
}

export function contains(network: Prefix, address: string): boolean {
  if (familyOf(address) !== network.family) return false;
  const hostBits = BigInt(widthOf(network.family) - network.length);
  return toNumber(address) >> hostBits === toNumber(network.address) >> hostBits;
}
