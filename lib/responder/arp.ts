// ARP (RFC 826, RFC 5227): answers to requests for own addresses, and their announcement.
import { ETHERTYPE } from "../net/index.js";
import type { Frame } from "./frame.js";
import type { Own } from "./own.js";
import { NOT_MINE, REFUSED, type Verdict } from "./verdict.js";

const LENGTH = 28;
const OPERATION = 6;
const SENDER_MAC = 8;
const SENDER_IP = 14;
const TARGET_MAC = 18;
const TARGET_IP = 24;
/** Ethernet and IPv4, with addresses of 6 and 4 bytes. */
const KIND = Uint8Array.of(0, 1, 8, 0, 6, 4);
const REQUEST = 1;
const REPLY = 2;

export function answerArp(frame: Frame, own: Own): Verdict {
  const { at } = frame;
  if (!frame.has(LENGTH) || !frame.isSame(at, KIND) || frame.u16(at + OPERATION) !== REQUEST) return NOT_MINE;
  if (!own.ip4.has(frame.u32(at + TARGET_IP))) return NOT_MINE;
  if (!isAnswerable(frame, own)) return REFUSED;
  const { bytes, at: to } = frame.answer(own.mac, LENGTH);
  bytes.set(KIND, to);
  bytes[to + OPERATION + 1] = REPLY;
  bytes.set(own.mac, to + SENDER_MAC);
  bytes.set(frame.slice(at + TARGET_IP, 4), to + SENDER_IP);
  bytes.set(frame.slice(at + SENDER_MAC, 10), to + TARGET_MAC);
  return bytes;
}

/** The answer goes to the sender of the frame only, and not to a group or to this host. A probe has the sender 0.0.0.0. */
function isAnswerable(frame: Frame, own: Own): boolean {
  const { at, start } = frame;
  const sender = frame.u32(at + SENDER_IP);
  const isHost = sender === 0 || (sender >>> 24 > 0 && sender >>> 24 < 224 && sender >>> 24 !== 127);
  return (
    isToUs(frame, own) &&
    frame.isOtherHost(start + 6, own) &&
    frame.isSame(at + SENDER_MAC, frame.slice(start + 6, 6)) &&
    isHost &&
    !own.ip4.has(sender) &&
    !own.notHosts.has(sender)
  );
}

function isToUs(frame: Frame, own: Own): boolean {
  return frame.isSame(frame.start, BROADCAST) || frame.isSame(frame.start, own.mac);
}

const BROADCAST = new Uint8Array(6).fill(0xff);

/** Returns the ARP announcement of an address: a request for it by itself. */
export function announceArp(address: number, { mac }: Own): Uint8Array {
  const bytes = new Uint8Array(14 + LENGTH);
  const view = new DataView(bytes.buffer);
  bytes.set(BROADCAST, 0);
  bytes.set(mac, 6);
  view.setUint16(12, ETHERTYPE.ARP);
  bytes.set(KIND, 14);
  view.setUint16(14 + OPERATION, REQUEST);
  bytes.set(mac, 14 + SENDER_MAC);
  view.setUint32(14 + SENDER_IP, address);
  view.setUint32(14 + TARGET_IP, address);
  return bytes;
}
