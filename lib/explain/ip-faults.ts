// Why VPP's IP layer drops a packet because of the packet itself, in the words of VPP's counters.
import { checksumOf, IP_PROTOCOL, IP6_EXTENSION, sumWords, u16 } from "../net/index.js";
import type { IpHeaders } from "../packet/index.js";

const IP4 = 20;
const IP6 = 40;
const UDP = 8;
/** The option of IPv4 that has routers look at a packet, with its length, and without the flag "copied" (RFC 2113). */
const ROUTER_ALERT = 20;
const ROUTER_ALERT_LENGTH = 4;

/** Returns why ip4-input or ip6-input drops a packet; undefined if it does not. */
export function inputFault(frame: Uint8Array, ip: IpHeaders): string | undefined {
  const { at, family } = ip;
  if (frame[at]! >> 4 !== family) return `ip${family} version != ${family}`;
  if (frame[at + (family === 4 ? 8 : 7)] === 0) return `ip${family} ttl <= 1`;
  return family === 4 ? ip4Fault(frame, ip) : undefined;
}

function ip4Fault(frame: Uint8Array, { at, protocol }: IpHeaders): string | undefined {
  const length = (frame[at]! & 15) * 4;
  const total = u16(frame, at + 2);
  if (length < IP4 || total < IP4) return "ip4 length < 20 bytes";
  if (at + total > frame.length) return "ip4 length > l2 length";
  if (checksumOf(sumWords(frame, at, at + length)) !== 0) return "bad ip4 header checksum";
  if ((u16(frame, at + 6) & 0x1fff) === 1) return "ip4 fragment offset == 1";
  const isAlert = (frame[at + IP4]! & 0x7f) === ROUTER_ALERT && frame[at + IP4 + 1] === ROUTER_ALERT_LENGTH;
  return length === IP4 || (isAlert && protocol === IP_PROTOCOL.IGMP) ? undefined : "ip4 options present";
}

/** Returns why VPP drops a packet for itself; undefined if it does not, and for a fragment, which may be put together first. */
export function localFault(frame: Uint8Array, { at, family, protocol }: IpHeaders): string | undefined {
  const isUdp = protocol === IP_PROTOCOL.UDP;
  const isIcmp6 = family === 6 && protocol === IP_PROTOCOL.ICMPV6;
  const isFragment = family === 4 && (u16(frame, at + 6) & 0x3fff) !== 0;
  const first = frame[at + 6];
  // VPP looks at the first header alone. Behind a hop-by-hop header, it knows ICMPv6.
  if (family === 6 && first !== protocol)
    return first === IP6_EXTENSION.FRAGMENT || isIcmp6 ? undefined : "unknown ip protocol";
  if (isFragment || !(isUdp || isIcmp6)) return undefined;
  const start = at + (family === 4 ? (frame[at]! & 15) * 4 : IP6);
  const end = family === 4 ? at + u16(frame, at + 2) : start + u16(frame, at + 4);
  if (end > frame.length) return `ip${family} length > l2 length`;
  if (isUdp && (end - start < UDP || u16(frame, start + 4) > end - start)) return "inconsistent udp/ip lengths";
  if (isUdp && u16(frame, start + 6) === 0) return undefined;
  const addresses = family === 4 ? sumWords(frame, at + 12, at + IP4) : sumWords(frame, at + 8, at + IP6);
  const sum = addresses + protocol + end - start + sumWords(frame, start, end);
  return checksumOf(sum) === 0 ? undefined : `bad ${isUdp ? "udp" : "icmp"} checksum`;
}
