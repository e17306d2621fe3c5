// The headers of a frame that rules look at: Ethernet, IP and the ports behind it.
import {
  ETHERTYPE,
  formatIp4,
  formatIp6,
  formatMac,
  IP_PROTOCOL,
  IP6_EXTENSION,
  isTagOfVpp,
  LARGEST_802_3_LENGTH,
} from "../net/index.js";

/** The IP header of a packet, and the first fields behind it. */
export interface IpHeaders {
  readonly family: 4 | 6;
  /** Where it begins in the frame. */
  readonly at: number;
  readonly source: string;
  readonly destination: string;
  /** The protocol behind the extension headers. */
  readonly protocol: number;
  /** Of TCP, UDP and SCTP; undefined in a later fragment, and where the packet is cut short. */
  readonly ports?: { readonly source: number; readonly destination: number };
  /** Of ICMP and ICMPv6. */
  readonly icmp?: { readonly type: number; readonly code: number };
  readonly tcpFlags?: number;
  /** Whether this is a fragment after the first, which begins in the middle of the payload. */
  readonly isLaterFragment?: true;
}

/** The headers of an Ethernet frame. */
export interface FrameHeaders {
  readonly destinationMac: string;
  /** Whether it goes to a group or to all. */
  readonly isGroup: boolean;
  /** VLAN of the outer tag; of the next one if that has a priority alone. */
  readonly vlan?: number;
  /** Ethertype behind the tags that VPP knows; below 1536 it is a length, and LLC follows. */
  readonly ethertype: number;
  readonly isIsis: boolean;
  /** Undefined if it is not IP, or cut short. */
  readonly ip?: IpHeaders;
}

const ETHERNET = 14;
const TAG = 4;
const WITH_PORTS: readonly number[] = [IP_PROTOCOL.TCP, IP_PROTOCOL.UDP, IP_PROTOCOL.SCTP];
const EXTENSIONS: readonly number[] = Object.values(IP6_EXTENSION);
const LATER = { isLaterFragment: true } as const;

/** Returns the headers of a frame; undefined if it is shorter than an Ethernet header. */
export function headersOf(frame: Uint8Array): FrameHeaders | undefined {
  if (frame.length < ETHERNET) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  let at = ETHERNET;
  let vlan: number | undefined;
  while (isTagOfVpp(view.getUint16(at - 2)) && at + TAG <= frame.length) {
    vlan ||= view.getUint16(at) & 0xfff;
    at += TAG;
  }
  const ethertype = view.getUint16(at - 2);
  const ip = ipOf(view, frame, at, ethertype);
  return {
    destinationMac: formatMac(frame, 0),
    isGroup: (frame[0]! & 1) === 1,
    ...(vlan !== undefined && { vlan }),
    ethertype,
    isIsis: ethertype <= LARGEST_802_3_LENGTH && frame[at] === 0xfe && frame[at + 1] === 0xfe && frame[at + 3] === 0x83,
    ...(ip && { ip }),
  };
}

function ipOf(view: DataView, frame: Uint8Array, at: number, ethertype: number): IpHeaders | undefined {
  if (ethertype === ETHERTYPE.IP4) return ip4Of(view, frame, at);
  return ethertype === ETHERTYPE.IP6 ? ip6Of(view, frame, at) : undefined;
}

function ip4Of(view: DataView, frame: Uint8Array, at: number): IpHeaders | undefined {
  if (at + 20 > frame.length) return undefined;
  const protocol = frame[at + 9]!;
  const length = (frame[at]! & 15) * 4;
  const isLater = (view.getUint16(at + 6) & 0x1fff) !== 0;
  const ends = { source: formatIp4(frame, at + 12), destination: formatIp4(frame, at + 16) };
  return {
    family: 4,
    at,
    ...ends,
    protocol,
    ...(isLater ? LATER : upperOf(view, at + length, protocol)),
  };
}

function ip6Of(view: DataView, frame: Uint8Array, at: number): IpHeaders | undefined {
  if (at + 40 > frame.length) return undefined;
  let protocol = frame[at + 6]!;
  let next = at + 40;
  let isLater = false;
  while (!isLater && EXTENSIONS.includes(protocol) && next + 8 <= frame.length) {
    const isFragment = protocol === IP6_EXTENSION.FRAGMENT;
    isLater = isFragment && view.getUint16(next + 2) >> 3 !== 0;
    protocol = frame[next]!;
    next += isFragment ? 8 : 8 + 8 * frame[next + 1]!;
  }
  const ends = { source: formatIp6(frame, at + 8), destination: formatIp6(frame, at + 24) };
  return { family: 6, at, ...ends, protocol, ...(isLater ? LATER : upperOf(view, next, protocol)) };
}

function upperOf(view: DataView, at: number, protocol: number): Pick<IpHeaders, "ports" | "icmp" | "tcpFlags"> {
  const has = (size: number) => at + size <= view.byteLength;
  if (protocol === IP_PROTOCOL.ICMP || protocol === IP_PROTOCOL.ICMPV6)
    return has(2) ? { icmp: { type: view.getUint8(at), code: view.getUint8(at + 1) } } : {};
  if (!WITH_PORTS.includes(protocol) || !has(4)) return {};
  const ports = { source: view.getUint16(at), destination: view.getUint16(at + 2) };
  return protocol === IP_PROTOCOL.TCP && has(14) ? { ports, tcpFlags: view.getUint8(at + 13) } : { ports };
}
