import { type AddressFamily, isMulticast } from "./address.js";
import { checksum } from "./bytes.js";
import type { DataPlane } from "./dataplane.js";
import { IP4_HEADER, type IpHeader, parseIp4, parseIp6 } from "./ip-header.js";
import type { Packet } from "./packet.js";

/**
 * ip4-input and ip6-input: the header is checked, the interface's features look at the packet, and it goes on to lookup.
 * The features run also on an interface without addresses, as in VPP: the check that IP is on comes behind them.
 */
export function defineIpInput(dp: DataPlane, family: AddressFamily) {
  const input = dp.graph.node(`ip${family}-input`);
  const notEnabled = dp.graph.node(`ip${family}-not-enabled`);
  const unicast = dp.graph.node(`ip${family}-lookup`);
  const multicast = dp.graph.node(`ip${family}-mfib-forward-lookup`);
  const arcs = dp.arcs[family === 4 ? "ip4" : "ip6"];
  const parse = family === 4 ? checkedIp4 : parseIp6;

  input.define((packet) => {
    const header = parse(packet.bytes, packet.l3);
    if (typeof header === "string") return dp.drop(packet, input, header);
    const isGroup = isMulticast(header.destination);
    if ((isGroup ? arcs.multicast : arcs.unicast).run(packet, packet.rx)) return;
    const ip = dp.interfaces.find(packet.rx)!.ip(family);
    if (ip.enabled <= 0) return dp.drop(packet, notEnabled, `ip${family} not enabled on the interface`);
    if (!isGroup && expired(packet, header)) return dp.icmp[family].timeExceeded(packet, header);
    (isGroup ? multicast : unicast).send(packet);
  });
}

function checkedIp4(bytes: Uint8Array, at: number): IpHeader | string {
  const header = parseIp4(bytes, at);
  if (typeof header === "string") return header;
  // VPP hands these to its ip4-options node, which keeps none but IGMP's router alert.
  if (header.payload - at > IP4_HEADER) return "ip4 options present";
  return checksum(bytes, at, header.payload - at) === 0 ? header : "bad ip4 header checksum";
}

/** A TTL of 0 may not even be delivered here; 1 may be, but not forwarded. */
function expired(packet: Packet, { family }: IpHeader): boolean {
  return packet.bytes[packet.l3 + (family === 4 ? 8 : 7)] === 0;
}
