// The nodes ip4-rewrite and ip6-rewrite: packets on their way out.
import { ETHERTYPE } from "../../../net/index.js";
import { type Plane, type SwInterface, tagged } from "../interface/index.js";
import {
  type Address,
  type AddressFamily,
  ETHERNET_HEADER,
  isMulticast,
  multicastMac,
  type Packet,
  setU16,
  u16,
} from "../vlib/index.js";
import type { IpHeader } from "./header.js";
import type { IcmpErrors } from "./icmp4.js";

/** Finds the MAC addresses of neighbors. */
export interface Resolver {
  /** Returns a neighbor's MAC address. While it is unknown, asks for it on the link and returns undefined. */
  resolve(swInterface: SwInterface, neighbor: Address): Uint8Array | undefined;
}

/** ip4-rewrite and ip6-rewrite: lowers the TTL, writes the next link's header, and sends the packet out. */
export class IpRewrite {
  readonly #node;
  readonly #arpNode;
  readonly #output;
  readonly #plane: Plane;
  readonly #icmp: IcmpErrors;
  readonly #resolver: Resolver;
  readonly #family: AddressFamily;

  constructor(plane: Plane, family: AddressFamily, icmp: IcmpErrors, resolver: Resolver) {
    this.#plane = plane;
    this.#icmp = icmp;
    this.#resolver = resolver;
    this.#family = family;
    this.#node = plane.graph.node(`ip${family}-rewrite`);
    this.#arpNode = plane.graph.node(family === 4 ? "ip4-arp" : "ip6-discover-neighbor");
    this.#output = plane.graph.node("interface-output");
  }

  /** Sends a packet to a neighbor on a link. While the MAC address is unknown, VPP asks for it and drops the packet. */
  send(packet: Packet, header: IpHeader, swIfIndex: number, neighbor: Address) {
    const swInterface = this.#plane.interfaces.find(swIfIndex);
    if (swInterface === undefined) return this.#plane.drop(packet, this.#node, "interface is deleted");
    if (!packet.local && !this.#age(packet, header)) return;
    if (header.end - packet.l3 > swInterface.ipMtu(this.#family)) return this.#tooBig(packet, header, swInterface);
    if (swInterface.mac === undefined) return this.#sendOut(packet, swInterface);
    const mac = isMulticast(neighbor) ? multicastMac(neighbor) : this.#resolver.resolve(swInterface, neighbor);
    if (mac !== undefined) return this.sendTo(packet, swInterface, mac);
    this.#plane.drop(packet, this.#arpNode, this.#family === 4 ? "ARP requests sent" : "neighbor solicitations sent");
  }

  /** Writes the link header in place of the one before, and sends the packet. */
  sendTo(packet: Packet, swInterface: SwInterface, mac: Uint8Array): void {
    const frame = frameFor(packet);
    frame.set(mac.subarray(0, 6), 0);
    frame.set(swInterface.mac!, 6);
    setU16(frame, 12, this.#family === 4 ? ETHERTYPE.IP4 : ETHERTYPE.IP6);
    packet.bytes = tagged(swInterface, frame);
    packet.l3 = ETHERNET_HEADER + packet.bytes.length - frame.length;
    this.#sendOut(packet, swInterface);
  }

  #sendOut(packet: Packet, { swIfIndex }: SwInterface): void {
    packet.tx = swIfIndex;
    if (!this.#plane.arcs.ip(this.#family).output.run(packet, swIfIndex)) this.#output.send(packet);
  }

  /** Lowers the TTL. Returns false if it expired; the sender gets an error then. */
  #age(packet: Packet, header: IpHeader): boolean {
    const { bytes, l3 } = packet;
    const at = l3 + (this.#family === 4 ? 8 : 7);
    bytes[at]!--;
    if (this.#family === 4) addToChecksum(bytes, l3 + 10, 0x0100);
    if (bytes[at]! > 0) return true;
    this.#icmp.timeExceeded(packet, header);
    return false;
  }

  #tooBig(packet: Packet, header: IpHeader, swInterface: SwInterface): void {
    this.#node.count("ip MTU exceeded");
    this.#icmp.packetTooBig(packet, header, swInterface.ipMtu(this.#family));
  }
}

/** Adjusts a checksum for a field that became smaller by `less` (RFC 1624). */
function addToChecksum(bytes: Uint8Array, at: number, less: number): void {
  const sum = u16(bytes, at) + less;
  setU16(bytes, at, (sum & 0xffff) + (sum >>> 16));
}

/** Returns the packet's bytes with exactly the room of an Ethernet header before the network header. */
function frameFor(packet: Packet): Uint8Array {
  if (packet.l3 === ETHERNET_HEADER) return packet.bytes;
  const frame = new Uint8Array(ETHERNET_HEADER + packet.length - packet.l3);
  frame.set(packet.bytes.subarray(packet.l3), ETHERNET_HEADER);
  return frame;
}
