// ARP: requests, replies, and the neighbors learned from them.
import { ETHERTYPE } from "../../../net/index.js";
import type { FibEntry } from "../fib/index.js";
import { type Plane, type SwInterface, tagged } from "../interface/index.js";
import type { IpAddresses } from "../ip/index.js";
import {
  ETHERNET_HEADER,
  equalBytes,
  NO_INTERFACE,
  Packet,
  readIp4,
  setU16,
  u16,
  writeAddress,
} from "../vlib/index.js";
import type { ArpProxy } from "./arp-proxy.js";
import type { Neighbors } from "./neighbors.js";

const ARP_LENGTH = 28;
const REQUEST = 1;
const REPLY = 2;

/** The fields of an ARP packet. */
interface ArpPacket {
  operation: number;
  senderMac: Uint8Array;
  sender: number;
  target: number;
}

type Verdict = "reply" | "proxy" | "done" | { drop: string };

/** arp-input and arp-reply: learns neighbors, and answers for this VPP's addresses by VPP's rules. */
export class Arp {
  readonly #input;
  readonly #node;
  readonly #output;
  readonly #plane: Plane;
  readonly #addresses: IpAddresses;
  readonly #neighbors: Neighbors;
  readonly #proxy: ArpProxy;

  constructor(plane: Plane, addresses: IpAddresses, neighbors: Neighbors, proxy: ArpProxy) {
    this.#plane = plane;
    this.#addresses = addresses;
    this.#neighbors = neighbors;
    this.#proxy = proxy;
    this.#input = plane.graph.node("arp-input");
    this.#node = plane.graph.node("arp-reply");
    this.#output = plane.graph.node("interface-output");
    this.#input.define((packet) => this.#receive(packet));
  }

  /** Asks who has `address` on a link. */
  request(swInterface: SwInterface, address: number): void {
    const source = this.#addresses.sourceFor(swInterface, address);
    if (source === undefined || swInterface.mac === undefined) {
      this.#plane.graph.node("ip4-arp").count("no source address for ARP request");
      return;
    }
    const frame = new Uint8Array(ETHERNET_HEADER + ARP_LENGTH);
    frame.fill(0xff, 0, 6);
    frame.set(swInterface.mac, 6);
    setU16(frame, 12, ETHERTYPE.ARP);
    frame.set([0, 1, 8, 0, 6, 4, 0, REQUEST], ETHERNET_HEADER);
    frame.set(swInterface.mac, ETHERNET_HEADER + 8);
    writeAddress(frame, ETHERNET_HEADER + 14, source);
    writeAddress(frame, ETHERNET_HEADER + 24, address);
    const packet = new Packet(tagged(swInterface, frame), swInterface.swIfIndex);
    packet.tx = swInterface.swIfIndex;
    this.#output.send(packet);
  }

  /** Turns a request into its reply: the address is at `packet.rx`. */
  reply(packet: Packet): void {
    const { bytes, l3 } = packet;
    const { mac } = this.#plane.interfaces.find(packet.rx)!;
    const target = readIp4(bytes, l3 + 24);
    bytes.copyWithin(l3 + 18, l3 + 8, l3 + 18);
    bytes.copyWithin(0, 6, 12);
    bytes.set(mac!, 6);
    bytes[l3 + 7] = REPLY;
    bytes.set(mac!, l3 + 8);
    writeAddress(bytes, l3 + 14, target);
    packet.tx = packet.rx;
    this.#node.count("ARP replies sent");
    this.#output.send(packet);
  }

  #receive(packet: Packet) {
    const swInterface = this.#plane.interfaces.find(packet.rx)!;
    if (this.#plane.arcs.arp.run(packet, packet.rx)) return;
    if (swInterface.ip4.enabled <= 0)
      return this.#plane.drop(packet, this.#plane.graph.node("arp-disabled"), "ARP disabled");
    const arp = parse(packet);
    if (typeof arp === "string") return this.#plane.drop(packet, this.#input, arp);
    const verdict = this.#decide(packet, swInterface, arp);
    if (verdict === "reply") this.reply(packet);
    else if (verdict === "proxy") this.#askProxy(packet, arp);
    else if (verdict === "done") return;
    else this.#plane.drop(packet, this.#node, verdict.drop);
  }

  #askProxy(packet: Packet, { operation, target }: ArpPacket): void {
    if (operation === REQUEST && this.#proxy.answersFor(packet.rx, target)) this.reply(packet);
    else this.#plane.drop(packet, this.#node, "IP4 destination address not local to subnet");
  }

  #decide(packet: Packet, swInterface: SwInterface, arp: ArpPacket): Verdict {
    const { table } = swInterface.ip4;
    const target = table.lookup(arp.target);
    const owner = target?.resolvingInterface ?? NO_INTERFACE;
    const borrows = owner !== NO_INTERFACE && swInterface.unnumberedTo?.swIfIndex === owner;
    const from = this.#senderLink(swInterface, arp.sender);
    // Only proxy ARP answers a host that asks from VPP's own address.
    if (from === "local") return "proxy";
    if (from === "none" && !borrows) return { drop: "IP4 source address not local to subnet" };
    if (target?.source("adj") !== undefined) return this.#knownNeighbor(swInterface, arp, owner);
    if (target === undefined || !target.attached) return "proxy";
    if (!senderIsFrameSource(packet, arp)) return { drop: "ARP hw addr does not match L2 frame src addr" };
    if (arp.operation === REPLY) return this.#learnReply(swInterface, arp, target);
    if (arp.operation !== REQUEST || !target.receives) return "proxy";
    const sameLink = owner === swInterface.swIfIndex && from === owner;
    if (!sameLink && !borrows) return { drop: "RX interface is unnumbered to different subnet" };
    if (arp.sender === arp.target) return { drop: "ARP probe or announcement dropped" };
    this.#neighbors.add(swInterface, arp.sender, arp.senderMac);
    return "reply";
  }

  /** Returns the link of the sender's address: "local" for this VPP's own address, "none" for an address on no link. */
  #senderLink(swInterface: SwInterface, sender: number): number | "local" | "none" {
    const { table } = swInterface.ip4;
    let entry: FibEntry | undefined = table.lookup(sender);
    while (entry !== undefined) {
      if (entry.receives) return "local";
      if (entry.attached) return entry.resolvingInterface;
      entry = entry.length === 0 ? undefined : table.lookup(sender, entry.length - 1);
      if (entry?.source("default-route") !== undefined) return entry.attached ? entry.resolvingInterface : "none";
    }
    return "none";
  }

  /** Learns from the gratuitous ARP of a known neighbor. That of an unknown neighbor would only fill the table. */
  #knownNeighbor(swInterface: SwInterface, arp: ArpPacket, owner: number): Verdict {
    if (owner === swInterface.swIfIndex && arp.sender === arp.target) {
      this.#neighbors.add(swInterface, arp.sender, arp.senderMac);
    }
    return "proxy";
  }

  #learnReply(swInterface: SwInterface, arp: ArpPacket, target: FibEntry): Verdict {
    if (!target.receives) return "proxy";
    this.#neighbors.add(swInterface, arp.sender, arp.senderMac);
    return "done";
  }
}

function parse({ bytes, l3 }: Packet): ArpPacket | string {
  if (bytes.length < l3 + ARP_LENGTH) return "ARP packet too short";
  if (u16(bytes, l3) !== 1) return "L2 type not ethernet";
  if (u16(bytes, l3 + 2) !== ETHERTYPE.IP4) return "L3 type not IP4";
  const sender = readIp4(bytes, l3 + 14);
  if (sender === 0) return "IP4 source address is zero";
  return {
    operation: u16(bytes, l3 + 6),
    senderMac: bytes.subarray(l3 + 8, l3 + 14),
    sender,
    target: readIp4(bytes, l3 + 24),
  };
}

function senderIsFrameSource({ bytes }: Packet, { senderMac }: ArpPacket): boolean {
  return equalBytes(bytes, 6, senderMac, 0, 6);
}
