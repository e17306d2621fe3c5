// ICMPv6: echo replies, errors, and the handlers of other types.
import { IP_PROTOCOL } from "../../../net/index.js";
import type { Plane } from "../interface/index.js";
import { isLinkLocal6, isMulticast, type Packet, setU32, writeAddress } from "../vlib/index.js";
import type { IpAddresses } from "./addresses.js";
import { setPseudoChecksum } from "./checksum.js";
import { icmp6Frame, originated } from "./frames.js";
import { IP6_HEADER, type IpHeader } from "./header.js";
import type { IcmpErrors } from "./icmp4.js";
import type { IpLocal } from "./local.js";

const UNREACHABLE = 1;
const TOO_BIG = 2;
const TIME_EXCEEDED = 3;
const PORT_UNREACHABLE = 4;
const ECHO_REQUEST = 128;
const ECHO_REPLY = 129;
const ERROR_HOP_LIMIT = 255;
/** An error quotes as much of the packet as fits into the smallest MTU (RFC 4443). */
const LONGEST_QUOTE = 1280 - IP6_HEADER - 8;

export type Icmp6Handler = (packet: Packet, header: IpHeader) => void;

/** ip6-icmp-input: dispatches by type (a punt socket can take one over), answers echo requests, sends errors. */
export class Icmp6 implements IcmpErrors {
  readonly #input;
  readonly #errors;
  readonly #lookup;
  readonly #byType = new Map<number, Icmp6Handler>();
  readonly #plane: Plane;
  readonly #addresses: IpAddresses;

  constructor(plane: Plane, local: IpLocal, addresses: IpAddresses) {
    this.#addresses = addresses;
    this.#plane = plane;
    this.#input = plane.graph.node("ip6-icmp-input");
    this.#errors = plane.graph.node("ip6-icmp-error");
    this.#lookup = plane.graph.node("ip6-lookup");
    local.register(IP_PROTOCOL.ICMPV6, "ip6-icmp-input", (packet, header) => this.#receive(packet, header));
    this.register(ECHO_REQUEST, (packet, header) => this.#echo(packet, header));
  }

  /** Gives a type to a handler. The last handler to register has the type, and VPP cannot give it back. */
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
    if (header.end - header.payload < 8) return this.#plane.drop(packet, this.#input, "ICMP packet too short");
    const handler = this.#byType.get(packet.bytes[header.payload]!);
    if (handler !== undefined) handler(packet, header);
    else this.#plane.graph.node("ip6-punt").send(packet);
  }

  #echo(packet: Packet, header: IpHeader) {
    const { bytes, l3 } = packet;
    const source = this.#answerFrom(packet, header);
    if (source === undefined) return this.#plane.drop(packet, this.#input, "no source address");
    bytes[header.payload] = ECHO_REPLY;
    bytes[l3 + 7] = 64;
    writeAddress(bytes, l3 + 8, source);
    writeAddress(bytes, l3 + 24, header.source);
    setPseudoChecksum(bytes, { ...header, source, destination: header.source }, header.payload + 2);
    packet.local = true;
    this.#input.count("echo replies sent");
    this.#lookup.send(packet);
  }

  /** Returns the source of an echo reply. VPP answers a request to a group from an address of the interface. */
  #answerFrom(packet: Packet, { source, destination }: IpHeader) {
    if (!isMulticast(destination)) return destination;
    const swInterface = this.#plane.interfaces.find(packet.rx)!;
    const { linkLocal } = swInterface;
    return isLinkLocal6(source) ? linkLocal : this.#addresses.sourceFor(swInterface, source);
  }

  #error(packet: Packet, header: IpHeader, type: number, code: number, mtu: number): void {
    this.#plane.drop(packet, this.#errors, "errors sent");
    const swInterface = this.#plane.interfaces.find(packet.rx);
    if (swInterface === undefined || !mayAnswer(packet, header)) return;
    const { linkLocal } = swInterface;
    const source = isLinkLocal6(header.source) ? linkLocal : this.#addresses.sourceFor(swInterface, header.source);
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
