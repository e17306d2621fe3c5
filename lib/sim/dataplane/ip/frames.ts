// Packets that this VPP makes itself.
import { IP_PROTOCOL } from "../../../net/index.js";
import { ETHERNET_HEADER, Packet, setU16, writeAddress } from "../vlib/index.js";
import { setIp4Checksum, setPseudoChecksum } from "./checksum.js";
import { IP6_HEADER, type IpHeader } from "./header.js";

/** A header of 20 bytes, don't-fragment unset. */
export function writeIp4Header(
  bytes: Uint8Array,
  at: number,
  totalLength: number,
  protocol: number,
  source: number | string,
  destination: number | string,
  ttl = 64,
): void {
  bytes[at] = 0x45;
  setU16(bytes, at + 2, totalLength);
  bytes[at + 8] = ttl;
  bytes[at + 9] = protocol;
  writeAddress(bytes, at + 12, source);
  writeAddress(bytes, at + 16, destination);
  setIp4Checksum(bytes, at);
}

/** A packet of this VPP's own, about to be looked up in the table of interface `rx`. */
export function originated(bytes: Uint8Array, rx: number): Packet {
  const packet = new Packet(bytes, rx);
  packet.local = true;
  return packet;
}

/** An ICMPv6 message in an IPv6 packet with room for an Ethernet header; the checksum is filled in. */
export function icmp6Frame(
  source: number | string,
  destination: number | string,
  body: Uint8Array,
  hopLimit = 64,
): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_HEADER + IP6_HEADER + body.length);
  const at = ETHERNET_HEADER;
  bytes[at] = 0x60;
  setU16(bytes, at + 4, body.length);
  bytes[at + 6] = IP_PROTOCOL.ICMPV6;
  bytes[at + 7] = hopLimit;
  writeAddress(bytes, at + 8, source);
  writeAddress(bytes, at + 24, destination);
  const payload = at + IP6_HEADER;
  bytes.set(body, payload);
  const header: IpHeader = {
    family: 6,
    source,
    destination,
    protocol: IP_PROTOCOL.ICMPV6,
    payload,
    end: bytes.length,
    laterFragment: false,
  };
  setPseudoChecksum(bytes, header, payload + 2);
  return bytes;
}
