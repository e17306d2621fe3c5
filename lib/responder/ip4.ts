// ICMP echo (RFC 792) for own IPv4 addresses.
import { checksumOf, IP_PROTOCOL, sumWords } from "../net/index.js";
import type { Frame } from "./frame.js";
import type { Own } from "./own.js";
import { NOT_MINE, REFUSED, type Verdict } from "./verdict.js";

const HEADER = 20;
const ICMP = 8;
const ECHO_REQUEST = 8;
const TTL = 64;
const DONT_FRAGMENT = 0x4000;

export function answerPing4(frame: Frame, own: Own): Verdict {
  const { at } = frame;
  if (!frame.has(HEADER) || frame.u8(at) >> 4 !== 4 || frame.u8(at + 9) !== IP_PROTOCOL.ICMP) return NOT_MINE;
  if (!own.ip4.has(frame.u32(at + 16)) || !mayBeEcho(frame)) return NOT_MINE;
  const length = frame.u16(at + 2);
  const isWhole = frame.u8(at) === 0x45 && length >= HEADER + ICMP && frame.has(length);
  if (!isWhole || !isAnswerable(frame, own, length)) return REFUSED;
  return echo(frame, own, length);
}

/** Other messages of ICMP, such as errors, are the handler's. Of a fragment or a packet with options nothing is known. */
function mayBeEcho(frame: Frame): boolean {
  const isPlain = frame.u8(frame.at) === 0x45 && isAtomic(frame) && frame.has(HEADER + 1);
  return !isPlain || frame.u8(frame.at + HEADER) === ECHO_REQUEST;
}

/** Not a fragment, and without the reserved flag. */
function isAtomic(frame: Frame): boolean {
  return (frame.u16(frame.at + 6) & ~DONT_FRAGMENT) === 0;
}

function isAnswerable(frame: Frame, own: Own, length: number): boolean {
  const { at, start, bytes } = frame;
  const sender = frame.u32(at + 12);
  const network = sender >>> 24;
  return (
    frame.isSame(start, own.mac) &&
    frame.isOtherHost(start + 6, own) &&
    isAtomic(frame) &&
    frame.u8(at + HEADER + 1) === 0 &&
    network > 0 &&
    network < 224 &&
    network !== 127 &&
    !own.ip4.has(sender) &&
    !own.notHosts.has(sender) &&
    checksumOf(sumWords(bytes, at, at + HEADER)) === 0 &&
    checksumOf(sumWords(bytes, at + HEADER, at + length)) === 0
  );
}

/** Echoes type of service, identification, DF and data. */
function echo(frame: Frame, own: Own, length: number): Uint8Array {
  const { at } = frame;
  const { bytes, at: to } = frame.answer(own.mac, length, own.router);
  const view = new DataView(bytes.buffer);
  bytes.set(frame.bytes.subarray(at, at + length), to);
  bytes[to + 8] = TTL;
  bytes.set(frame.bytes.subarray(at + 16, at + 20), to + 12);
  bytes.set(frame.bytes.subarray(at + 12, at + 16), to + 16);
  view.setUint16(to + 10, 0);
  view.setUint16(to + 10, checksumOf(sumWords(bytes, to, to + HEADER)));
  bytes[to + HEADER] = 0;
  view.setUint16(to + HEADER + 2, 0);
  view.setUint16(to + HEADER + 2, checksumOf(sumWords(bytes, to + HEADER, to + length)));
  return bytes;
}
