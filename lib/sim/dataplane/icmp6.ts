import { IP_PROTOCOL } from "../../net/index.js";
import { isLinkLocal6, isMulticast, writeAddress } from "./address.js";
import { setU16, setU32 } from "./bytes.js";
import type { DataPlane } from "./dataplane.js";
import { type IcmpErrors, originated } from "./icmp4.js";
import { IP6_HEADER, type IpHeader } from "./ip-header.js";
import { setPseudoChecksum } from "./ip-local.js";
import { ETHERNET_HEADER, type Packet } from "./packet.js";

const UNREACHABLE = 1;
const TOO_BIG = 2;
const TIME_EXCEEDED = 3;
const PORT_UNREACHABLE = 4;
const ECHO_REQUEST = 128;
const ECHO_REPLY = 129;
const ERROR_HOP_LIMIT = 255;
/** RFC 4443: as much of the packet as fits into the smallest MTU. */
const LONGEST_QUOTE = 1280 - IP6_HEADER - 8;

export type Icmp6Handler = (packet: Packet, header: IpHeader) => void;

/** ip6-icmp-input: dispatches by type (a punt socket can take one over), answers echo requests, sends errors. */
export class Icmp6 implements IcmpErrors {
  readonly #input;
  readonly #errors;
  readonly #lookup;
  readonly #byType = new Map<number, Icmp6Handler>();
  readonly #dp: DataPlane;

  constructor(dp: DataPlane) {
    this.#dp = dp;
    this.#input = dp.graph.node("ip6-icmp-input");
    this.#errors = dp.graph.node("ip6-icmp-error");
    this.#lookup = dp.graph.node("ip6-lookup");
    dp.local[6].register(IP_PROTOCOL.ICMPV6, (packet, header) => this.#receive(packet, header));
    this.register(ECHO_REQUEST, (packet, header) => this.#echo(packet, header));
  }

  /** The handler of a type; the last one to register has it, and VPP has no way to give it back. */
  register(type: number, handler: Icmp6Handler): void {
    this.#byType.set(type, handler);
  }

  timeExceeded(packet: Packet, header: IpHeader): void {
    this.#error(packet, header, TIME_EXCEEDED, 0, 0);
  }

  portUnreachable(packet: Packet, header: IpHeader): void {
    this.#error(packet, header, UNREACHABLE, PORT_UNREACHABLE, 0);
  }

  packetTooBig(packet: Packet, header: IpHeader, mtu: number): void {
    this.#error(packet, header, TOO_BIG, 0, mtu);
  }

  #receive(packet: Packet, header: IpHeader) {
    if (header.end - header.payload < 8) return this.#dp.drop(packet, this.#input, "ICMP packet too short");
    const handler = this.#byType.get(packet.bytes[header.payload]!);
    if (handler !== undefined) handler(packet, header);
    else this.#dp.graph.node("ip6-punt").send(packet);
  }

  #echo(packet: Packet, header: IpHeader) {
    const { bytes, l3 } = packet;
    const source = this.#answerFrom(packet, header);
    if (source === undefined) return this.#dp.drop(packet, this.#input, "no source address");
    bytes[header.payload] = ECHO_REPLY;
    bytes[l3 + 7] = 64;
    writeAddress(bytes, l3 + 8, source);
    writeAddress(bytes, l3 + 24, header.source);
    setPseudoChecksum(bytes, { ...header, source, destination: header.source }, header.payload + 2);
    packet.local = true;
    this.#input.count("echo replies sent");
    this.#lookup.send(packet);
  }

  /** An echo request to a group is answered from an address of the interface. */
  #answerFrom(packet: Packet, { source, destination }: IpHeader) {
    if (!isMulticast(destination)) return destination;
    const swInterface = this.#dp.interfaces.find(packet.rx)!;
    const linkLocal = this.#dp.addresses.linkLocal(swInterface);
    return isLinkLocal6(source) ? linkLocal : this.#dp.addresses.sourceFor(swInterface, source);
  }

  #error(packet: Packet, header: IpHeader, type: number, code: number, mtu: number): void {
    this.#dp.drop(packet, this.#errors, "errors sent");
    const swInterface = this.#dp.interfaces.find(packet.rx);
    if (swInterface === undefined || !mayAnswer(packet, header)) return;
    const linkLocal = this.#dp.addresses.linkLocal(swInterface);
    const source = isLinkLocal6(header.source) ? linkLocal : this.#dp.addresses.sourceFor(swInterface, header.source);
    if (source === undefined) return;
    const quote = packet.bytes.subarray(packet.l3, Math.min(header.end, packet.l3 + LONGEST_QUOTE));
    const body = new Uint8Array(8 + quote.length);
    body.set([type, code], 0);
    setU32(body, 4, mtu);
    body.set(quote, 8);
    this.#lookup.send(originated(icmp6Frame(source, header.source, body, ERROR_HOP_LIMIT), packet.rx));
  }
}

function mayAnswer({ bytes }: Packet, { protocol, payload, destination, source }: IpHeader): boolean {
  if (isMulticast(destination) || isMulticast(source)) return false;
  return protocol !== IP_PROTOCOL.ICMPV6 || bytes[payload]! >= ECHO_REQUEST;
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
