// Headers of IPv4 and IPv6 packets.
import { IP6_EXTENSION } from "../../../net/index.js";
import { type Address, type AddressFamily, readIp4, readIp6, u16 } from "../vlib/index.js";

export const IP4_HEADER = 20;
export const IP6_HEADER = 40;
export const UDP_HEADER = 8;

/** The headers that can stand between the IPv6 header and the payload. */
const IP6_EXTENSIONS: ReadonlySet<number> = new Set(Object.values(IP6_EXTENSION));

/** The fields of a packet's network header that features and local delivery need. */
export interface IpHeader {
  family: AddressFamily;
  source: Address;
  destination: Address;
  /** Protocol of the payload, behind IPv6 extension headers. */
  protocol: number;
  /** Offset of the payload in the frame. */
  payload: number;
  /** End of the packet in the frame: Ethernet may have padded it. */
  end: number;
  /** Whether this is a fragment after the first, which has no ports. */
  laterFragment: boolean;
}

/** Reads the header at `at`. Returns VPP's text of the error if the header is bad. */
export function parseIp4(bytes: Uint8Array, at: number): IpHeader | string {
  const available = bytes.length - at;
  if (available < IP4_HEADER) return "ip4 length > l2 length";
  if (bytes[at]! >> 4 !== 4) return "ip4 version != 4";
  const headerLength = (bytes[at]! & 15) * 4;
  const total = u16(bytes, at + 2);
  if (headerLength < IP4_HEADER || total < headerLength) return "ip4 length < 20 bytes";
  if (total > available) return "ip4 length > l2 length";
  return {
    family: 4,
    source: readIp4(bytes, at + 12),
    destination: readIp4(bytes, at + 16),
    protocol: bytes[at + 9]!,
    payload: at + headerLength,
    end: at + total,
    laterFragment: (u16(bytes, at + 6) & 0x1fff) !== 0,
  };
}

export function parseIp6(bytes: Uint8Array, at: number): IpHeader | string {
  const available = bytes.length - at;
  if (available < IP6_HEADER) return "ip6 length < 40 bytes";
  if (bytes[at]! >> 4 !== 6) return "ip6 version != 6";
  const end = at + IP6_HEADER + u16(bytes, at + 4);
  if (end > bytes.length) return "ip6 length > l2 length";
  const { protocol, payload, laterFragment } = skipExtensions(bytes, at, end);
  return {
    family: 6,
    source: readIp6(bytes, at + 8),
    destination: readIp6(bytes, at + 24),
    protocol,
    payload,
    end,
    laterFragment,
  };
}

function skipExtensions(bytes: Uint8Array, at: number, end: number) {
  let protocol = bytes[at + 6]!;
  let payload = at + IP6_HEADER;
  let laterFragment = false;
  while (IP6_EXTENSIONS.has(protocol) && payload + 8 <= end) {
    const isFragment = protocol === IP6_EXTENSION.FRAGMENT;
    if (isFragment) laterFragment ||= u16(bytes, payload + 2) >> 3 !== 0;
    protocol = bytes[payload]!;
    payload += isFragment ? 8 : 8 + bytes[payload + 1]! * 8;
  }
  return { protocol, payload: Math.min(payload, end), laterFragment };
}
