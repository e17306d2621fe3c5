// Addresses as the data plane keeps them: cheap to compare, to hash and to mask.
import { randomBytes } from "node:crypto";
import { PuntError } from "../../../errors.js";
import * as net from "../../../net/index.js";

/** IPv4: a 32-bit number. IPv6: the 16 bytes as a latin1 string, which compares, hashes and masks cheaply. */
export type Address = number | string;

export type AddressFamily = net.Family;

export const UNSPECIFIED6 = "\0".repeat(16);
/** 255.255.255.255: every host of the link. */
export const BROADCAST4 = 0xffffffff;

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

/** Returns the address with all bits after the first `length` cleared. */
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

const text = new Uint8Array(16);

/** Returns the address that `value` spells. @throws PuntError ERR_INVALID_ADDRESS */
export function parseAddress(value: string): Address {
  if (net.parseIp4(value, text, 0)) return readIp4(text, 0);
  if (net.parseIp6(value, text, 0)) return readIp6(text, 0);
  throw new PuntError("sim.address", "ERR_INVALID_ADDRESS", `"${value}" is not an IP address`);
}

export function formatAddress(address: Address): string {
  writeAddress(text, 0, address);
  return typeof address === "number" ? net.formatIp4(text, 0) : net.formatIp6(text, 0);
}

/** A prefix length is a byte of the binary API. Its users check it, each with an error number of its own. */
const LONGEST_ON_WIRE = 255;

/** Returns address and length of "10.0.0.0/24"; an address alone is as long as its family. @throws PuntError ERR_INVALID_ADDRESS */
export function parsePrefix(value: string): { address: Address; length: number } {
  const [address, digits, ...rest] = value.split("/");
  const parsed = parseAddress(address!);
  const longest = maxPrefixLength(familyOf(parsed));
  const length = digits === undefined ? longest : Number(digits || Number.NaN);
  if (rest.length > 0 || !Number.isInteger(length) || length < 0 || length > LONGEST_ON_WIRE) {
    throw new PuntError("sim.address", "ERR_INVALID_ADDRESS", `"${value}" is not a prefix`);
  }
  return { address: parsed, length };
}

export function formatPrefix(address: Address, length: number): string {
  return `${formatAddress(address)}/${length}`;
}

export function maxPrefixLength(family: AddressFamily): number {
  return net.widthOf(family);
}

/** Returns the bytes of a MAC address. @throws PuntError ERR_INVALID_ADDRESS */
export function parseMac(value: string): Uint8Array {
  const bytes = new Uint8Array(6);
  if (!net.parseMac(value, bytes)) {
    throw new PuntError("sim.address", "ERR_INVALID_ADDRESS", `"${value}" is not a MAC address`);
  }
  return bytes;
}

/** Returns a MAC address as VPP generates one: 02:fe and four random bytes. */
export function randomMac(): Uint8Array {
  return Uint8Array.from([0x02, 0xfe, ...randomBytes(4)]);
}

/** Returns fe80::/64 with the EUI-64 of the MAC, which VPP gives an interface when IPv6 becomes enabled. */
export function linkLocalOf(mac: Uint8Array): string {
  const id = [mac[0]! ^ 2, mac[1]!, mac[2]!, 0xff, 0xfe, mac[3]!, mac[4]!, mac[5]!];
  return `\xfe\x80${"\0".repeat(6)}${String.fromCharCode(...id)}`;
}

/** Returns the MAC of a group: 33:33 and the low 32 bits, or 01:00:5e and the low 23 bits, of the address. */
export function multicastMac(address: Address): Uint8Array {
  if (typeof address === "string") {
    return Uint8Array.from([0x33, 0x33, ...Array.from(address.slice(12), (char) => char.charCodeAt(0))]);
  }
  return Uint8Array.from([0x01, 0x00, 0x5e, (address >>> 16) & 0x7f, (address >>> 8) & 0xff, address & 0xff]);
}
