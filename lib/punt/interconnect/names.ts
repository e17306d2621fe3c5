// Names and MAC addresses that follow from what an interconnect is for, so that they come out the same after any restart.
import { formatMac } from "../../net/index.js";

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
/** 32 letters: 5 bits a letter. */
const ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEF";

const utf8 = new TextEncoder();

/** FNV-1a, 32 bits, of the text in UTF-8. */
export function fnv1a(text: string): number {
  let hash = OFFSET_BASIS;
  for (const byte of utf8.encode(text)) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}

/** The lowest `length` groups of 5 bits of the text's FNV-1a as letters, the lowest group last. At most 7 say anything. */
export function hashLetters(text: string, length: number): string {
  let hash = fnv1a(text);
  let letters = "";
  for (let i = 0; i < length; i++) {
    letters = ALPHABET[hash & 31] + letters;
    hash >>>= 5;
  }
  return letters;
}

/**
 * The first of the texts `identity`, `identity#1`, `identity#2`... whose name is free: two interconnects whose identities
 * hash alike would share a name, and with it the tag that tells them apart in VPP.
 */
export function firstFree(identity: string, name: (text: string) => string, taken: (name: string) => boolean): string {
  for (let round = 0; ; round++) {
    const candidate = name(round === 0 ? identity : `${identity}#${round}`);
    if (!taken(candidate)) return candidate;
  }
}

export type LinkKind = "TAP" | "MEMIF";

/** `tap-` or `memif-` and five letters. */
export function interfaceName(kind: LinkKind, identity: string): string {
  return `${kind.toLowerCase()}-${hashLetters(identity, 5)}`;
}

/** `02:fd:` for VPP's side, `02:fe:` for the CNF's, and the name's FNV-1a, its low byte first. */
export function macAddress(name: string, side: "vpp" | "cnf"): string {
  const hash = fnv1a(name);
  const bytes = [0x02, side === "vpp" ? 0xfd : 0xfe, hash, hash >>> 8, hash >>> 16, hash >>> 24];
  return formatMac(Uint8Array.from(bytes));
}

/**
 * VPP's end of the veth pair that stands in for a TAP: `vp`, four letters of the owner, `-`, seven of the interconnect's name. It lies in
 * VPP's namespace with those of other managers, whose interconnects may have the same names. 14 characters, within Linux's 15.
 */
export function vethName(owner: string, name: string): string {
  return `${vethPrefix(owner)}${hashLetters(name, 7)}`;
}

/** Whether a device is named as those of the owner are. */
export function isVethName(owner: string, device: string): boolean {
  return device.startsWith(vethPrefix(owner)) && /^vp[a-zA-F]{4}-[a-zA-F]{7}$/.test(device);
}

function vethPrefix(owner: string): string {
  return `vp${hashLetters(owner, 4)}-`;
}

/** The Linux VRF device of a VPP VRF. */
export function vrfDeviceName(vrf: number): string {
  return `vrf${vrf}`;
}

export const vrfDevicePattern = /^vrf\d+$/;
