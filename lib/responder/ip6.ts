// ICMPv6 for own IPv6 addresses: neighbor discovery (RFC 4861, RFC 4862) and echo (RFC 4443).
import { checksumOf, ETHERTYPE, IP_PROTOCOL, sumWords } from "../net/index.js";
import type { Frame } from "./frame.js";
import type { Own } from "./own.js";
import { NOT_MINE, REFUSED, type Verdict } from "./verdict.js";

const HEADER = 40;
const SOURCE = 8;
const DESTINATION = 24;
const ECHO_REQUEST = 128;
const ECHO_REPLY = 129;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
const SOLICITATION_LENGTH = 24;
const ADVERTISEMENT_LENGTH = 32;
const OPTION_SOURCE = 1;
const OPTION_TARGET = 2;
/** Of neighbor discovery: a packet that was routed has less. */
const NO_HOP = 255;
const HOPS = 64;
const SOLICITED = 0x40;
const OVERRIDE = 0x20;

const ALL_NODES = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const ALL_NODES_MAC = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);
/** The first 13 bytes of a solicited-node group; the last three are those of the address. */
const SOLICITED_NODE = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff);

/** Which message an ICMPv6 packet is, if this host may answer it; undefined for others, and behind extension headers. */
export function ip6Question(frame: Frame): "nd" | "ping" | undefined {
  const { at } = frame;
  if (!frame.has(HEADER + 1) || frame.u8(at) >> 4 !== 6 || frame.u8(at + 6) !== IP_PROTOCOL.ICMPV6) return undefined;
  const type = frame.u8(at + HEADER);
  if (type === SOLICITATION) return "nd";
  return type === ECHO_REQUEST ? "ping" : undefined;
}

export function answerSolicitation(frame: Frame, own: Own): Verdict {
  const { at } = frame;
  if (!frame.has(HEADER + SOLICITATION_LENGTH)) return NOT_MINE;
  const target = ownAt(frame, at + HEADER + 8, own);
  if (!target) return NOT_MINE;
  const isFromNowhere = frame.isZero(at + SOURCE, 16);
  const isAnswerable =
    isIntact(frame, SOLICITATION_LENGTH) &&
    frame.u8(at + 7) === NO_HOP &&
    isSolicitationToUs(frame, target, own) &&
    frame.isOtherHost(frame.start + 6, own) &&
    hasFittingOptions(frame, isFromNowhere) &&
    (isFromNowhere || isSenderHost(frame, own));
  if (!isAnswerable) return REFUSED;
  if (!isFromNowhere) return advertisement(frame, target, own, SOLICITED | OVERRIDE, frame.slice(at + SOURCE, 16));
  // Another host wants this address for itself: all nodes hear that it is taken.
  const all = advertisement(frame, target, own, OVERRIDE, ALL_NODES);
  all.set(ALL_NODES_MAC, 0);
  return all;
}

/** A host that looks for duplicates (source ::) asks the group; another one may ask the address too. */
function isSolicitationToUs(frame: Frame, target: Uint8Array, own: Own): boolean {
  const { at, start } = frame;
  const to = at + DESTINATION;
  if (frame.isSame(to, SOLICITED_NODE) && frame.isSame(to + 13, target.subarray(13)))
    return isGroupMac(frame, to) || frame.isSame(start, own.mac);
  return !frame.isZero(at + SOURCE, 16) && frame.isSame(to, target) && frame.isSame(start, own.mac);
}

/** 33:33 and the last four bytes of the group. */
function isGroupMac(frame: Frame, group: number): boolean {
  const { start } = frame;
  return frame.u16(start) === 0x3333 && frame.u32(start + 2) === frame.u32(group + 12);
}

/** Options have a length, and end with the packet. The sender's MAC address is that of the frame, and absent where it has no address. */
function hasFittingOptions(frame: Frame, isFromNowhere: boolean): boolean {
  const { at } = frame;
  const end = at + HEADER + frame.u16(at + 4);
  let option = at + HEADER + SOLICITATION_LENGTH;
  while (option + 2 <= end) {
    const length = frame.u8(option + 1) * 8;
    if (length === 0 || option + length > end) return false;
    if (frame.u8(option) === OPTION_SOURCE) {
      if (isFromNowhere || !frame.isSame(option + 2, frame.slice(frame.start + 6, 6))) return false;
    }
    option += length;
  }
  return option === end;
}

function advertisement(frame: Frame, target: Uint8Array, own: Own, flags: number, to: Uint8Array): Uint8Array {
  const answer = frame.answer(own.mac, HEADER + ADVERTISEMENT_LENGTH);
  writeAdvertisement(answer.bytes, answer.at, target, own, flags, to);
  return answer.bytes;
}

function writeAdvertisement(
  bytes: Uint8Array,
  at: number,
  target: Uint8Array,
  { mac }: Own,
  flags: number,
  to: Uint8Array,
): void {
  const icmp = at + HEADER;
  bytes[at] = 0x60;
  bytes[at + 5] = ADVERTISEMENT_LENGTH;
  bytes[at + 6] = IP_PROTOCOL.ICMPV6;
  bytes[at + 7] = NO_HOP;
  bytes.set(target, at + SOURCE);
  bytes.set(to, at + DESTINATION);
  bytes[icmp] = ADVERTISEMENT;
  bytes[icmp + 4] = flags;
  bytes.set(target, icmp + 8);
  bytes[icmp + 24] = OPTION_TARGET;
  bytes[icmp + 25] = 1;
  bytes.set(mac, icmp + 26);
  writeChecksum(bytes, at, ADVERTISEMENT_LENGTH);
}

/** Returns the unsolicited advertisement of an address, to all nodes. */
export function announceNd(address: Uint8Array, own: Own): Uint8Array {
  const bytes = new Uint8Array(14 + HEADER + ADVERTISEMENT_LENGTH);
  bytes.set(ALL_NODES_MAC, 0);
  bytes.set(own.mac, 6);
  new DataView(bytes.buffer).setUint16(12, ETHERTYPE.IP6);
  writeAdvertisement(bytes, 14, address, own, OVERRIDE, ALL_NODES);
  return bytes;
}

export function answerPing6(frame: Frame, own: Own): Verdict {
  const { at } = frame;
  if (!ownAt(frame, at + DESTINATION, own)) return NOT_MINE;
  const isAnswerable =
    isIntact(frame, 8) &&
    frame.isSame(frame.start, own.mac) &&
    frame.isOtherHost(frame.start + 6, own) &&
    isSenderHost(frame, own);
  return isAnswerable ? echo(frame, own) : REFUSED;
}

/** Echoes traffic class, flow label and data. */
function echo(frame: Frame, own: Own): Uint8Array {
  const { at } = frame;
  const length = frame.u16(at + 4);
  const { bytes, at: to } = frame.answer(own.mac, HEADER + length, own.router);
  bytes.set(frame.bytes.subarray(at, at + HEADER + length), to);
  bytes[to + 7] = HOPS;
  bytes.set(frame.bytes.subarray(at + DESTINATION, at + HEADER), to + SOURCE);
  bytes.set(frame.bytes.subarray(at + SOURCE, at + DESTINATION), to + DESTINATION);
  bytes[to + HEADER] = ECHO_REPLY;
  writeChecksum(bytes, to, length);
  return bytes;
}

/** Whole, of at least `least` bytes, code 0, with a right checksum. */
function isIntact(frame: Frame, least: number): boolean {
  const { at, bytes } = frame;
  const length = frame.u16(at + 4);
  if (length < least || !frame.has(HEADER + length) || frame.u8(at + HEADER + 1) !== 0) return false;
  return checksumOf(pseudoSum(bytes, at, length)) === 0;
}

/** The sender is one other host. */
function isSenderHost(frame: Frame, own: Own): boolean {
  const from = frame.at + SOURCE;
  const isLoopback = frame.isZero(from, 15) && frame.u8(from + 15) <= 1;
  return frame.u8(from) !== 0xff && !isLoopback && !ownAt(frame, from, own);
}

function ownAt(frame: Frame, at: number, own: Own): Uint8Array | undefined {
  return own.ip6.find((address) => frame.isSame(at, address));
}

function writeChecksum(bytes: Uint8Array, at: number, length: number): void {
  const view = new DataView(bytes.buffer);
  view.setUint16(at + HEADER + 2, 0);
  view.setUint16(at + HEADER + 2, checksumOf(pseudoSum(bytes, at, length)));
}

/** The sum over the pseudo-header (RFC 8200, section 8.1) and the message. */
function pseudoSum(bytes: Uint8Array, at: number, length: number): number {
  return sumWords(bytes, at + SOURCE, at + HEADER + length) + length + IP_PROTOCOL.ICMPV6;
}
