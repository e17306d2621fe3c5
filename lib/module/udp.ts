// UDP in Ethernet frames: what a received one says, and the frame that answers it.
import { PuntError } from "../errors.js";
import { checksumOf, ETHERTYPE, formatIp4, formatIp6, IP_PROTOCOL, isVlanTag, sumWords } from "../net/index.js";

const ETHERNET = 14;
const VLAN = 4;
const IP4 = 20;
const IP6 = 40;
const UDP = 8;
const TTL = 64;

/** A DHCP client without an address (0.0.0.0) gets its answer here: RFC 2131, 4.1. */
const BROADCAST_ADDRESS = Uint8Array.of(255, 255, 255, 255);
const BROADCAST_MAC = Uint8Array.of(255, 255, 255, 255, 255, 255);

export interface UdpEndpoint {
  readonly address: string;
  readonly port: number;
}

/** A UDP datagram in a frame: where its parts are. */
export interface UdpFrame {
  readonly frame: Uint8Array;
  readonly isIp6: boolean;
  /** Where the IP header begins: after the MAC addresses, VLAN tags and the ethertype. */
  readonly ipAt: number;
  readonly udpAt: number;
  readonly payload: Uint8Array;
  readonly source: UdpEndpoint;
  readonly destination: UdpEndpoint;
}

/** Returns the datagram in a frame; undefined if there is none: another protocol, a fragment, or cut short. */
export function parseUdp(frame: Uint8Array): UdpFrame | undefined {
  const view = viewOf(frame);
  let at = ETHERNET;
  while (at <= view.byteLength && isVlanTag(view.getUint16(at - 2))) at += VLAN;
  if (at > view.byteLength) return undefined;
  const type = view.getUint16(at - 2);
  const [udpAt, end] = type === ETHERTYPE.IP4 ? udpIn4(view, at) : type === ETHERTYPE.IP6 ? udpIn6(view, at) : NONE;
  if (udpAt + UDP > end || end > view.byteLength) return undefined;
  const length = view.getUint16(udpAt + 4);
  if (length < UDP || udpAt + length > end) return undefined;
  const isIp6 = type === ETHERTYPE.IP6;
  const [from, to] = isIp6 ? [at + 8, at + 24] : [at + 12, at + 16];
  const address = (start: number) => (isIp6 ? formatIp6(frame, start) : formatIp4(frame, start));
  return {
    ...{ frame, isIp6, ipAt: at, udpAt },
    payload: frame.subarray(udpAt + UDP, udpAt + length),
    source: { address: address(from), port: view.getUint16(udpAt) },
    destination: { address: address(to), port: view.getUint16(udpAt + 2) },
  };
}

/** Where UDP begins in an IP packet, and where the packet ends. */
type Extent = readonly [udpAt: number, end: number];

const NONE: Extent = [0, 0];

function udpIn4(view: DataView, at: number): Extent {
  if (at + IP4 > view.byteLength || view.getUint8(at) >> 4 !== 4) return NONE;
  const isFragment = (view.getUint16(at + 6) & 0x3fff) !== 0;
  const length = (view.getUint8(at) & 15) * 4;
  const isUdp = view.getUint8(at + 9) === IP_PROTOCOL.UDP && !isFragment && length >= IP4;
  return isUdp ? [at + length, at + view.getUint16(at + 2)] : NONE;
}

function udpIn6(view: DataView, at: number): Extent {
  if (at + IP6 > view.byteLength || view.getUint8(at) >> 4 !== 6) return NONE;
  return view.getUint8(at + 6) === IP_PROTOCOL.UDP ? [at + IP6, at + IP6 + view.getUint16(at + 4)] : NONE;
}

/** A group's addresses cannot be the source of an answer: what stands for them. */
export interface AnswerSource {
  /** MAC address of the interface that the question came in on, as 6 bytes. */
  readonly mac?: Uint8Array | undefined;
  /** IP address, as 4 or 16 bytes. */
  readonly address?: Uint8Array | undefined;
  /** MAC address of the router that sent the question, where it left the address of the host before it in the frame. */
  readonly router?: Uint8Array | undefined;
}

/**
 * Returns the frame that carries `payload` back: addresses and ports exchanged, VLAN tags kept, lengths and checksums written. A host
 * without an address is answered by broadcast.
 *
 * @throws PuntError ERR_NO_SOURCE: the question went to a group, and `source` has no address for the answer; ERR_PACKET_SIZE
 */
export function udpAnswer(question: UdpFrame, payload: Uint8Array, source: AnswerSource = {}): Uint8Array {
  const { frame, isIp6, ipAt, udpAt } = question;
  const headers = ipAt + (isIp6 ? IP6 : IP4) + UDP;
  if (payload.length + UDP + IP4 > 0xffff) {
    throw new PuntError("packet.reply", "ERR_PACKET_SIZE", `${payload.length} bytes do not fit into a UDP datagram`);
  }
  const answer = new Uint8Array(headers + payload.length);
  const [asker, to] = addressesOf(question);
  const isNameless = !isIp6 && asker.every((byte) => byte === 0);
  const from = isNameless ? BROADCAST_ADDRESS : asker;
  answer.set(isNameless ? BROADCAST_MAC : (source.router ?? frame.subarray(6, 12)), 0);
  answer.set(answerMac(frame.subarray(0, 6), source), 6);
  answer.set(frame.subarray(12, ipAt), 12);
  const own = answerAddress(question, to, source);
  const udp = headers - UDP;
  answer.set(frame.subarray(udpAt + 2, udpAt + 4), udp);
  answer.set(frame.subarray(udpAt, udpAt + 2), udp + 2);
  answer.set(payload, headers);
  const view = viewOf(answer);
  view.setUint16(udp + 4, UDP + payload.length);
  if (isIp6) writeIp6(answer, view, { at: ipAt, from: own, to: from });
  else writeIp4(answer, view, { at: ipAt, from: own, to: from });
  const pseudo = sumWords(own) + sumWords(from) + IP_PROTOCOL.UDP + UDP + payload.length;
  // A checksum of 0 would mean "none".
  view.setUint16(udp + 6, checksumOf(pseudo + sumWords(answer, udp)) || 0xffff);
  return answer;
}

interface Header {
  readonly at: number;
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

function writeIp4(answer: Uint8Array, view: DataView, { at, from, to }: Header): void {
  view.setUint8(at, 0x45);
  view.setUint16(at + 2, answer.length - at);
  view.setUint8(at + 8, TTL);
  view.setUint8(at + 9, IP_PROTOCOL.UDP);
  answer.set(from, at + 12);
  answer.set(to, at + 16);
  view.setUint16(at + 10, checksumOf(sumWords(answer, at, at + IP4)));
}

function writeIp6(answer: Uint8Array, view: DataView, { at, from, to }: Header): void {
  view.setUint8(at, 0x60);
  view.setUint16(at + 4, answer.length - at - IP6);
  view.setUint8(at + 6, IP_PROTOCOL.UDP);
  view.setUint8(at + 7, TTL);
  answer.set(from, at + 8);
  answer.set(to, at + 24);
}

function addressesOf({ frame, isIp6, ipAt }: UdpFrame): [Uint8Array, Uint8Array] {
  const [from, to, length] = isIp6 ? [ipAt + 8, ipAt + 24, 16] : [ipAt + 12, ipAt + 16, 4];
  return [frame.subarray(from, from + length), frame.subarray(to, to + length)];
}

function answerMac(mac: Uint8Array, source: AnswerSource): Uint8Array {
  if ((mac[0]! & 1) === 0) return mac;
  if (source.mac) return source.mac;
  throw noSource("MAC");
}

function answerAddress({ frame, isIp6 }: UdpFrame, address: Uint8Array, source: AnswerSource): Uint8Array {
  const isGroup = isIp6 ? address[0] === 0xff : address[0]! >= 224;
  // The broadcast address of a subnet looks like a host's: only the MAC address tells.
  const isBroadcast = (frame[0]! & 1) === 1;
  if ((isGroup || isBroadcast) && source.address?.length === address.length) return source.address;
  if (isGroup) throw noSource("IP");
  return address;
}

function noSource(kind: string): PuntError {
  const message = `the packet went to a group: the answer needs the ${kind} address of its sender (option source)`;
  return new PuntError("packet.reply", "ERR_NO_SOURCE", message);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
