// IPv6 neighbor discovery.
import { ETHERTYPE } from "../../../net/index.js";
import { type Plane, type SwInterface, tagged } from "../interface/index.js";
import { type Icmp6, type IpAddresses, type IpHeader, icmp6Frame } from "../ip/index.js";
import {
  type Address,
  isLinkLocal6,
  multicastMac,
  Packet,
  readIp6,
  setU16,
  setU32,
  UNSPECIFIED6,
  writeAddress,
} from "../vlib/index.js";
import type { Neighbors } from "./neighbors.js";

export const SOLICITATION = 135;
export const ADVERTISEMENT = 136;
const SOURCE_LINK_ADDRESS = 1;
const TARGET_LINK_ADDRESS = 2;
const ALL_NODES = `\xff\x02${"\0".repeat(13)}\x01`;
/** Solicited, override. */
const FLAGS = 0x60000000;
/** Neighbor discovery comes from the link itself: a router would have lowered the limit. */
const HOP_LIMIT = 255;

/** IPv6 neighbor discovery: answers solicitations for this VPP's addresses and for proxied ones, and learns neighbors. */
export class NeighborDiscovery {
  readonly #node;
  readonly #output;
  readonly #plane: Plane;
  readonly #addresses: IpAddresses;
  readonly #neighbors: Neighbors;

  constructor(plane: Plane, icmp6: Icmp6, addresses: IpAddresses, neighbors: Neighbors) {
    this.#addresses = addresses;
    this.#neighbors = neighbors;
    this.#plane = plane;
    this.#node = plane.graph.node("icmp6-neighbor-solicitation");
    this.#output = plane.graph.node("interface-output");
    icmp6.register(SOLICITATION, (packet, header) => this.#solicited(packet, header));
    icmp6.register(ADVERTISEMENT, (packet, header) => this.#advertised(packet, header));
  }

  /** Asks who has `address` on a link. */
  solicit(swInterface: SwInterface, address: string): void {
    const addresses = this.#addresses;
    const { linkLocal } = swInterface;
    const source = isLinkLocal6(address) ? linkLocal : (addresses.sourceFor(swInterface, address) ?? linkLocal);
    if (source === undefined || swInterface.mac === undefined) return;
    const group = `\xff\x02${"\0".repeat(9)}\x01\xff${address.slice(13)}`;
    const body = message(SOLICITATION, 0, address, SOURCE_LINK_ADDRESS, swInterface.mac);
    this.#send(swInterface, source, group, body, multicastMac(group));
  }

  /** Answers a solicitation on the link that it came from. */
  answer(packet: Packet, { source, payload }: IpHeader, swInterface: SwInterface): void {
    const target = readIp6(packet.bytes, payload + 8);
    if (swInterface.mac === undefined) return;
    this.#node.count("neighbor advertisements sent");
    const body = message(ADVERTISEMENT, FLAGS, target, TARGET_LINK_ADDRESS, swInterface.mac);
    if (source === UNSPECIFIED6) this.#send(swInterface, target, ALL_NODES, body, multicastMac(ALL_NODES));
    else this.#send(swInterface, target, source, body, packet.bytes.slice(6, 12));
  }

  /** Returns target and link address of a message. As in VPP, the address option counts only if it is the only option. */
  read({ bytes }: Packet, { payload, end }: IpHeader) {
    if (end - payload < 24) return undefined;
    const target = readIp6(bytes, payload + 8);
    const at = payload + 24;
    const option = bytes[payload] === SOLICITATION ? SOURCE_LINK_ADDRESS : TARGET_LINK_ADDRESS;
    const present = end - at === 8 && bytes[at] === option && bytes[at + 1] === 1;
    return { target, mac: present ? bytes.subarray(at + 2, at + 8) : undefined };
  }

  #solicited(packet: Packet, header: IpHeader) {
    const question = this.read(packet, header);
    const swInterface = this.#plane.interfaces.find(packet.rx)!;
    if (question === undefined) return this.#plane.drop(packet, this.#node, "neighbor solicitation too short");
    if (!this.#onLink(swInterface, header.source)) {
      return this.#plane.drop(packet, this.#node, "neighbor solicitations from source not on link");
    }
    if (question.mac !== undefined && header.source !== UNSPECIFIED6) {
      this.#neighbors.add(swInterface, header.source, question.mac);
    }
    if (!this.#answersFor(swInterface, question.target)) {
      return this.#plane.drop(packet, this.#node, "neighbor solicitations for unknown targets");
    }
    this.answer(packet, header, swInterface);
  }

  #advertised(packet: Packet, header: IpHeader) {
    const answer = this.read(packet, header);
    if (answer?.mac === undefined)
      return this.#plane.drop(packet, this.#node, "neighbor advertisement without address");
    this.#node.count("neighbor advertisements received");
    this.#neighbors.add(this.#plane.interfaces.find(packet.rx)!, answer.target, answer.mac);
  }

  #onLink(swInterface: SwInterface, source: Address): boolean {
    if (source === UNSPECIFIED6 || isLinkLocal6(source)) return true;
    const entry = swInterface.ip6.table.lookup(source);
    if (entry === undefined || !(entry.attached || entry.source("adj") !== undefined)) return false;
    const link = entry.resolvingInterface;
    return link === swInterface.swIfIndex || link === swInterface.unnumberedTo?.swIfIndex;
  }

  #answersFor(swInterface: SwInterface, target: string): boolean {
    if (isLinkLocal6(target)) return swInterface.linkLocal === target;
    const entry = swInterface.ip6.table.exact(target, 128);
    if (entry === undefined) return false;
    const own = entry.source("interface")?.paths.some((path) => path.kind === "receive") ?? false;
    return own || entry.source("nd-proxy") !== undefined;
  }

  #send(swInterface: SwInterface, source: Address, destination: Address, body: Uint8Array, mac: Uint8Array) {
    const frame = icmp6Frame(source, destination, body, HOP_LIMIT);
    frame.set(mac, 0);
    frame.set(swInterface.mac!, 6);
    setU16(frame, 12, ETHERTYPE.IP6);
    const packet = new Packet(tagged(swInterface, frame), swInterface.swIfIndex);
    packet.tx = swInterface.swIfIndex;
    this.#output.send(packet);
  }
}

function message(type: number, flags: number, target: string, option: number, mac: Uint8Array): Uint8Array {
  const body = new Uint8Array(32);
  body[0] = type;
  setU32(body, 4, flags);
  writeAddress(body, 8, target);
  body.set([option, 1], 24);
  body.set(mac, 26);
  return body;
}
