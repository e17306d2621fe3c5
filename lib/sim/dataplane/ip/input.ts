// The nodes ip4-input and ip6-input.
import type { Plane } from "../interface/index.js";
import { type AddressFamily, checksum, isMulticast, type Packet } from "../vlib/index.js";
import { IP4_HEADER, type IpHeader, parseIp4, parseIp6 } from "./header.js";
import type { IcmpErrors } from "./icmp4.js";

/**
 * Defines ip4-input or ip6-input, which checks the header, runs the interface's features, and sends the packet to lookup.
 * The features run also on an interface without addresses, as in VPP, where the check that IP is on comes after them.
 */
export function defineIpInput(plane: Plane, family: AddressFamily, icmp: IcmpErrors) {
  const input = plane.graph.node(`ip${family}-input`);
  const notEnabled = plane.graph.node(`ip${family}-not-enabled`);
  const unicast = plane.graph.node(`ip${family}-lookup`);
  const multicast = plane.graph.node(`ip${family}-mfib-forward-lookup`);
  const arcs = plane.arcs.ip(family);
  const parse = family === 4 ? checkedIp4 : parseIp6;

  input.define((packet) => {
    const header = parse(packet.bytes, packet.l3);
    if (typeof header === "string") return plane.drop(packet, input, header);
    const isGroup = isMulticast(header.destination);
    if ((isGroup ? arcs.multicast : arcs.unicast).run(packet, packet.rx)) return;
    const ip = plane.interfaces.find(packet.rx)!.ip(family);
    if (ip.enabled <= 0) return plane.drop(packet, notEnabled, `ip${family} not enabled on the interface`);
    if (!isGroup && expired(packet, header)) return icmp.timeExceeded(packet, header);
    (isGroup ? multicast : unicast).send(packet);
  });
}

function checkedIp4(bytes: Uint8Array, at: number): IpHeader | string {
  const header = parseIp4(bytes, at);
  if (typeof header === "string") return header;
  // VPP hands these to its ip4-options node, which drops all but IGMP's router alert.
  if (header.payload - at > IP4_HEADER) return "ip4 options present";
  return checksum(bytes, at, header.payload - at) === 0 ? header : "bad ip4 header checksum";
}

/** Whether the TTL is 0, with which VPP may not even deliver the packet here. It may deliver a TTL of 1, and not forward it. */
function expired(packet: Packet, { family }: IpHeader): boolean {
  return packet.bytes[packet.l3 + (family === 4 ? 8 : 7)] === 0;
}
