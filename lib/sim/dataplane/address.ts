import { isIPv4, isIPv6 } from "node:net";
import { PuntError } from "../../errors.js";

/** IPv4: a 32-bit number. IPv6: the 16 bytes as a latin1 string, which compares, hashes and masks cheaply. */
export type Address = number | string;

export type AddressFamily = 4 | 6;

export const UNSPECIFIED6 = "\0".repeat(16);

export function readAddress(bytes: Uint8Array, at: number, family: AddressFamily): Address {
  return family === 4 ? readIp4(bytes, at) : readIp6(bytes, at);
}

export function readIp4(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function readIp6(bytes: Uint8Array, at: number): string {
  return Buffer.prototype.latin1Slice.call(bytes, at, at + 16);
}

export function writeAddress(bytes: Uint8Array, at: number, address: Address): void {
  if (typeof address === "string") {
    for (let i = 0; i < 16; i++) bytes[at + i] = address.charCodeAt(i);
    return;
  }
  bytes[at] = address >>> 24;
  bytes[at + 1] = address >>> 16;
  bytes[at + 2] = address >>> 8;
  bytes[at + 3] = address;
}

export function familyOf(address: Address): AddressFamily {
  return typeof address === "number" ? 4 : 6;
}

/** The address with all but its first `length` bits cleared. */
export function maskAddress(address: Address, length: number): Address {
  if (typeof address === "number") return length === 0 ? 0 : (address & (~0 << (32 - length))) >>> 0;
  if (length >= 128) return address;
  const whole = length >> 3;
  const rest = length & 7;
  if (rest === 0) return address.slice(0, whole) + UNSPECIFIED6.slice(whole);
  const cut = address.charCodeAt(whole) & (0xff << (8 - rest)) & 0xff;
  return address.slice(0, whole) + String.fromCharCode(cut) + UNSPECIFIED6.slice(whole + 1);
}

export function covers(prefix: Address, length: number, address: Address): boolean {
  return familyOf(prefix) === familyOf(address) && maskAddress(prefix, length) === maskAddress(address, length);
}

export function isMulticast(address: Address): boolean {
  return typeof address === "number" ? address >>> 28 === 0xe : address.charCodeAt(0) === 0xff;
}

export function isLinkLocal6(address: Address): boolean {
  return typeof address === "string" && address.charCodeAt(0) === 0xfe && (address.charCodeAt(1) & 0xc0) === 0x80;
}

/** An address out of its text. Throws ERR_INVALID_ADDRESS. */
export function parseAddress(text: string): Address {
  if (isIPv4(text)) return text.split(".").reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0);
  if (isIPv6(text) && !text.includes("%")) return parseIp6(text);
  throw new PuntError("sim.address", "ERR_INVALID_ADDRESS", `"${text}" is not an IP address`);
}

function parseIp6(text: string): string {
  const [head = "", tail] = text.split("::");
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  return [...left, ...zeros, ...right].map((group) => String.fromCharCode(group >> 8, group & 0xff)).join("");
}

function groups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((part) => {
    if (!part.includes(".")) return [Number.parseInt(part, 16)];
    const ip4 = parseAddress(part) as number;
    return [ip4 >>> 16, ip4 & 0xffff];
  });
}

export function formatAddress(address: Address): string {
  if (typeof address === "number") {
    return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
  }
  const words = Array.from({ length: 8 }, (_, i) => (address.charCodeAt(2 * i) << 8) | address.charCodeAt(2 * i + 1));
  const [start, length] = longestZeroRun(words);
  if (length < 2) return words.map((word) => word.toString(16)).join(":");
  const text = (part: number[]) => part.map((word) => word.toString(16)).join(":");
  return `${text(words.slice(0, start))}::${text(words.slice(start + length))}`;
}

function longestZeroRun(words: number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < words.length; start++) {
    let end = start;
    while (end < words.length && words[end] === 0) end++;
    if (end - start > best[1]) best = [start, end - start];
  }
  return best;
}

/** "10.0.0.0/24" to its address and length. Throws ERR_INVALID_ADDRESS. */
export function parsePrefix(text: string): { address: Address; length: number } {
  const slash = text.lastIndexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  const longest = maxPrefixLength(familyOf(address));
  const length = slash < 0 ? longest : Number(text.slice(slash + 1));
  if (!Number.isInteger(length) || length < 0 || length > 255) {
    throw new PuntError("sim.address", "ERR_INVALID_ADDRESS", `"${text}" is not a prefix`);
  }
  return { address, length };
}

export function formatPrefix(address: Address, length: number): string {
  return `${formatAddress(address)}/${length}`;
}

export function maxPrefixLength(family: AddressFamily): number {
  return family === 4 ? 32 : 128;
}

export function parseMac(text: string): Uint8Array {
  const bytes = text.split(":").map((part) => Number.parseInt(part, 16));
  if (bytes.length !== 6 || bytes.some((byte) => !(byte >= 0 && byte <= 255))) {
    throw new PuntError("sim.address", "ERR_INVALID_ADDRESS", `"${text}" is not a MAC address`);
  }
  return Uint8Array.from(bytes);
}

export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 6), (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** fe80::/64 and the EUI-64 of the MAC, as VPP gives an interface when IPv6 is enabled on it. */
export function linkLocalOf(mac: Uint8Array): string {
  const id = [mac[0]! ^ 2, mac[1]!, mac[2]!, 0xff, 0xfe, mac[3]!, mac[4]!, mac[5]!];
  return `\xfe\x80${"\0".repeat(6)}${String.fromCharCode(...id)}`;
}

/** 33:33 and the low 32 bits, or 01:00:5e and the low 23 bits of a multicast address. */
export function multicastMac(address: Address): Uint8Array {
  if (typeof address === "string") {
    return Uint8Array.from([0x33, 0x33, ...Array.from(address.slice(12), (char) => char.charCodeAt(0))]);
  }
  return Uint8Array.from([0x01, 0x00, 0x5e, (address >>> 16) & 0x7f, (address >>> 8) & 0xff, address & 0xff]);
}
