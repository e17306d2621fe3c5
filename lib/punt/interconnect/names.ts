// Names and MAC addresses of interconnects. They follow from the purpose of an interconnect, so they are the same after a restart.
import { formatMac } from "../../net/index.js";

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
/** 32 letters: 5 bits a letter. */
const ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEF";

/** Returns the 32-bit FNV-1a hash of the text in UTF-8. */
export function fnv1a(text: string): number {
  const bytes = Buffer.from(text);
  let hash = OFFSET_BASIS;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, PRIME);
  return hash >>> 0;
}

/** Returns the lowest `length` groups of 5 bits of the text's FNV-1a hash as letters, the lowest group last. The hash has 7 groups. */
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
 * Returns the name of the first of the texts `identity`, `identity#1`, `identity#2`... with a free name. Without that, two interconnects
 * of equal hash would share a name, and with it their tag in VPP.
 */
export function firstFree(identity: string, name: (text: string) => string, taken: (name: string) => boolean): string {
  for (let round = 0; ; round++) {
    const candidate = name(round === 0 ? identity : `${identity}#${round}`);
    if (!taken(candidate)) return candidate;
  }
}

export type LinkKind = "TAP" | "MEMIF";

/** Returns `tap-` or `memif-` and five letters. */
export function interfaceName(kind: LinkKind, identity: string): string {
  return `${kind.toLowerCase()}-${hashLetters(identity, 5)}`;
}

/** Returns whether `interfaceName` may have made the name. */
export function isInterfaceName(name: string): boolean {
  return /^(tap|memif)-[a-zA-F]{5}$/.test(name);
}

/** Returns `02:fd:` for VPP's side or `02:fe:` for the CNF's, and the FNV-1a hash of the name, low byte first. */
export function macAddress(name: string, side: "vpp" | "cnf"): string {
  const hash = fnv1a(name);
  const bytes = [0x02, side === "vpp" ? 0xfd : 0xfe, hash, hash >>> 8, hash >>> 16, hash >>> 24];
  return formatMac(Uint8Array.from(bytes));
}

/**
 * Returns the name of VPP's end of the veth pair that stands in for a TAP: `vp`, four letters of the owner, `-`, seven letters of the
 * interconnect's name. It lies in VPP's namespace beside those of other managers, with interconnects of perhaps the same names. 14
 * characters; Linux allows 15.
 */
export function vethName(owner: string, name: string): string {
  return `${vethPrefix(owner)}${hashLetters(name, 7)}`;
}

/** Returns whether a device has a name of the owner's veth pairs. */
export function isVethName(owner: string, device: string): boolean {
  return device.startsWith(vethPrefix(owner)) && /^vp[a-zA-F]{4}-[a-zA-F]{7}$/.test(device);
}

function vethPrefix(owner: string): string {
  return `vp${hashLetters(owner, 4)}-`;
}

/** Returns the name of the Linux VRF device of a VPP VRF. */
export function vrfDeviceName(vrf: number): string {
  return `vrf${vrf}`;
}

export const vrfDevicePattern = /^vrf\d+$/;
