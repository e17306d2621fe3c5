import { IP_PROTOCOL } from "../../net/index.js";
import type { AddressFamily } from "./address.js";
import { writeAddress } from "./address.js";
import { checksum, setU16, setU32 } from "./bytes.js";
import type { DataPlane } from "./dataplane.js";
import { IP4_HEADER, type IpHeader } from "./ip-header.js";
import { setIp4Checksum } from "./ip-local.js";
import { ETHERNET_HEADER, Packet } from "./packet.js";

const ECHO_REPLY = 0;
const UNREACHABLE = 3;
const ECHO_REQUEST = 8;
const TIME_EXCEEDED = 11;
const PORT_UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;
const ERROR_TTL = 255;
/** RFC 1812, 4.3.2.3: as much of the packet as makes 576 bytes. */
const LONGEST_QUOTE = 576 - IP4_HEADER - 8;

/** What tells a sender that its packet could not be delivered. */
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
  readonly #dp: DataPlane;

  constructor(dp: DataPlane) {
    this.#dp = dp;
    this.#input = dp.graph.node("ip4-icmp-input");
    this.#errors = dp.graph.node("ip4-icmp-error");
    this.#lookup = dp.graph.node("ip4-lookup");
    dp.local[4].register(IP_PROTOCOL.ICMP, (packet, header) => this.#receive(packet, header));
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
    if (end - payload < 8) return this.#dp.drop(packet, this.#input, "ICMP packet too short");
    if (bytes[payload] !== ECHO_REQUEST) return this.#dp.drop(packet, this.#input, "unknown type");
    if (checksum(bytes, payload, end - payload) !== 0) return this.#dp.drop(packet, this.#input, "bad checksum");
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
    this.#dp.drop(packet, this.#errors, "errors sent");
    const swInterface = this.#dp.interfaces.find(packet.rx);
    const source = swInterface && this.#dp.addresses.sourceFor(swInterface, header.source);
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

/** No error about an ICMP error, a broadcast or a group. */
function mayAnswer({ bytes, l3 }: Packet, { protocol, payload, destination }: IpHeader): boolean {
  if (l3 >= 6 && (bytes[0]! & 1) === 1) return false;
  if ((destination as number) >>> 28 >= 0xe) return false;
  return protocol !== IP_PROTOCOL.ICMP || bytes[payload] === ECHO_REQUEST;
}

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

export type IcmpByFamily = Record<AddressFamily, IcmpErrors>;
