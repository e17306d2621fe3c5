// ICMP for IPv4: echo replies and errors.
import { IP_PROTOCOL } from "../../../net/index.js";
import type { Plane } from "../interface/index.js";
import { checksum, ETHERNET_HEADER, type Packet, setU16, setU32, writeAddress } from "../vlib/index.js";
import type { IpAddresses } from "./addresses.js";
import { setIp4Checksum } from "./checksum.js";
import { originated, writeIp4Header } from "./frames.js";
import { IP4_HEADER, type IpHeader } from "./header.js";
import type { IpLocal } from "./local.js";

const ECHO_REPLY = 0;
const UNREACHABLE = 3;
const ECHO_REQUEST = 8;
const TIME_EXCEEDED = 11;
const PORT_UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;
const ERROR_TTL = 255;
/** An error quotes as much of the packet as makes 576 bytes (RFC 1812, 4.3.2.3). */
const LONGEST_QUOTE = 576 - IP4_HEADER - 8;

/** The errors that tell a sender that VPP could not deliver its packet. */
export interface IcmpErrors {
  timeExceeded(packet: Packet, header: IpHeader): void;
  portUnreachable(packet: Packet, header: IpHeader): void;
  packetTooBig(packet: Packet, header: IpHeader, mtu: number): void;
}

/** ip4-icmp-input: answers echo requests; sends errors. */
export class Icmp4 implements IcmpErrors {
  readonly #input;
  readonly #errors;
  readonly #lookup;
  readonly #plane: Plane;
  readonly #addresses: IpAddresses;

  constructor(plane: Plane, local: IpLocal, addresses: IpAddresses) {
    this.#addresses = addresses;
    this.#plane = plane;
    this.#input = plane.graph.node("ip4-icmp-input");
    this.#errors = plane.graph.node("ip4-icmp-error");
    this.#lookup = plane.graph.node("ip4-lookup");
    local.register(IP_PROTOCOL.ICMP, "ip4-icmp-input", (packet, header) => this.#receive(packet, header));
  }

  timeExceeded(packet: Packet, header: IpHeader): void {
    this.#error(packet, header, TIME_EXCEEDED, 0, 0);
  }

  portUnreachable(packet: Packet, header: IpHeader): void {
    this.#error(packet, header, UNREACHABLE, PORT_UNREACHABLE, 0);
  }

  packetTooBig(packet: Packet, header: IpHeader, mtu: number): void {
    this.#error(packet, header, UNREACHABLE, FRAGMENTATION_NEEDED, mtu);
  }

  #receive(packet: Packet, header: IpHeader) {
    const { bytes, l3 } = packet;
    const { payload, end } = header;
    if (end - payload < 8) return this.#plane.drop(packet, this.#input, "ICMP packet too short");
    if (bytes[payload] !== ECHO_REQUEST) return this.#plane.drop(packet, this.#input, "unknown type");
    if (checksum(bytes, payload, end - payload) !== 0) return this.#plane.drop(packet, this.#input, "bad checksum");
    bytes[payload] = ECHO_REPLY;
    setU16(bytes, payload + 2, 0);
    setU16(bytes, payload + 2, checksum(bytes, payload, end - payload));
    writeAddress(bytes, l3 + 12, header.destination);
    writeAddress(bytes, l3 + 16, header.source);
    bytes[l3 + 8] = 64;
    setIp4Checksum(bytes, l3);
    packet.local = true;
    this.#input.count("echo replies sent");
    this.#lookup.send(packet);
  }

  #error(packet: Packet, header: IpHeader, type: number, code: number, mtu: number): void {
    this.#plane.drop(packet, this.#errors, "errors sent");
    const swInterface = this.#plane.interfaces.find(packet.rx);
    const source = swInterface && this.#addresses.sourceFor(swInterface, header.source);
    if (source === undefined || !mayAnswer(packet, header)) return;
    const quoted = packet.bytes.subarray(packet.l3, Math.min(header.end, packet.l3 + LONGEST_QUOTE));
    const bytes = new Uint8Array(ETHERNET_HEADER + IP4_HEADER + 8 + quoted.length);
    const length = bytes.length - ETHERNET_HEADER;
    writeIp4Header(bytes, ETHERNET_HEADER, length, IP_PROTOCOL.ICMP, source, header.source, ERROR_TTL);
    const icmp = ETHERNET_HEADER + IP4_HEADER;
    bytes[icmp] = type;
    bytes[icmp + 1] = code;
    setU32(bytes, icmp + 4, mtu);
    bytes.set(quoted, icmp + 8);
    setU16(bytes, icmp + 2, checksum(bytes, icmp, bytes.length - icmp));
    this.#lookup.send(originated(bytes, packet.rx));
  }
}

/** Whether VPP may send an error about a packet: not about an ICMP error, a broadcast or a group. */
function mayAnswer({ bytes, l3 }: Packet, { protocol, payload, destination }: IpHeader): boolean {
  if (l3 >= 6 && (bytes[0]! & 1) === 1) return false;
  if ((destination as number) >>> 28 >= 0xe) return false;
  return protocol !== IP_PROTOCOL.ICMP || bytes[payload] === ECHO_REQUEST;
}
