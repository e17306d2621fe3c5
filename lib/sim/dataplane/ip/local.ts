// The nodes ip4-local and ip6-local: packets for this VPP.
import { IP_PROTOCOL, IP6_EXTENSION } from "../../../net/index.js";
import type { IpTables } from "../fib/index.js";
import type { Plane } from "../interface/index.js";
import { type AddressFamily, BROADCAST4, isLinkLocal6, type Packet, u16 } from "../vlib/index.js";
import { pseudoChecksum } from "./checksum.js";
import { type IpHeader, parseIp4, parseIp6, UDP_HEADER } from "./header.js";
import { tableFor } from "./table.js";

export type IpHandler = (packet: Packet, header: IpHeader) => void;

/**
 * ip4-local and ip6-local: packets for this VPP. A packet goes to the handler of its protocol (a punt socket, for example), to
 * ICMP or UDP, or to the punt arc.
 */
export class IpLocal {
  readonly #node;
  readonly #byProtocol = new Map<number, { readonly handler: IpHandler; readonly node: string }>();
  readonly #plane: Plane;
  readonly #tables: IpTables;
  readonly #family: AddressFamily;

  constructor(plane: Plane, family: AddressFamily, tables: IpTables) {
    this.#plane = plane;
    this.#tables = tables;
    this.#family = family;
    this.#node = plane.graph.node(`ip${family}-local`);
    this.#node.define((packet) => this.#receive(packet));
  }

  /** Gives a protocol to a handler. The last handler to register has the protocol. */
  register(protocol: number, node: string, handler: IpHandler): void {
    this.#byProtocol.set(protocol, { handler, node });
  }

  /** Returns the protocols that have a handler, each with the handler's node. */
  handlers(): { protocol: number; node: string }[] {
    const handlers = [...this.#byProtocol].map(([protocol, { node }]) => ({ protocol, node }));
    return handlers.sort((a, b) => a.protocol - b.protocol);
  }

  unregister(protocol: number): void {
    this.#byProtocol.delete(protocol);
  }

  #receive(packet: Packet) {
    const header = (this.#family === 4 ? parseIp4 : parseIp6)(packet.bytes, packet.l3);
    if (typeof header === "string") return this.#plane.drop(packet, this.#node, header);
    const wrong = this.#checkSource(packet, header) ?? checkPayload(packet.bytes, header);
    if (wrong !== undefined) return this.#plane.drop(packet, this.#node, wrong);
    const found = isFound(packet, header) ? this.#byProtocol.get(header.protocol) : undefined;
    if (found !== undefined) found.handler(packet, header);
    else this.#plane.graph.node(`ip${this.#family}-punt`).send(packet);
  }

  /** Returns why VPP drops a packet by its source. VPP takes broadcasts from any source, because DHCP needs them. */
  #checkSource(packet: Packet, { source, destination, protocol }: IpHeader): string | undefined {
    const exempt =
      this.#family === 4 ? destination === BROADCAST4 : protocol === IP_PROTOCOL.ICMPV6 || isLinkLocal6(source);
    return exempt ? undefined : this.#reverse(packet, source);
  }

  #reverse(packet: Packet, source: IpHeader["source"]): string | undefined {
    const best = tableFor(packet, this.#tables, this.#plane.interfaces)?.lookup(source)?.best ?? [];
    if (best.some((path) => path.kind === "receive") && !packet.local) return "spoofed source address";
    return best.length === 0 || best[0]!.kind === "drop" ? "ip source lookup miss" : undefined;
  }
}

/** Whether VPP finds the protocol. It looks at the first header of IPv6 alone, and puts fragments together. Behind others it knows ICMPv6. */
function isFound({ bytes, l3 }: Packet, { family, protocol }: IpHeader): boolean {
  const first = family === 6 ? bytes[l3 + 6] : protocol;
  return first === protocol || first === IP6_EXTENSION.FRAGMENT || protocol === IP_PROTOCOL.ICMPV6;
}

/** Checks the checksum and the length of UDP, TCP and ICMPv6, as far as one packet allows. */
function checkPayload(bytes: Uint8Array, header: IpHeader): string | undefined {
  const { protocol, payload, end, laterFragment } = header;
  if (laterFragment) return undefined;
  if (protocol === IP_PROTOCOL.UDP) return checkUdp(bytes, header);
  const covered = protocol === IP_PROTOCOL.TCP || (protocol === IP_PROTOCOL.ICMPV6 && header.family === 6);
  if (!covered) return undefined;
  if (end - payload < 4) return "bad transport length";
  return pseudoChecksum(bytes, header) === 0 ? undefined : "bad transport checksum";
}

function checkUdp(bytes: Uint8Array, header: IpHeader): string | undefined {
  const { payload, end } = header;
  if (end - payload < UDP_HEADER) return "bad udp length";
  const length = u16(bytes, payload + 4);
  if (length < UDP_HEADER || length > end - payload) return "bad udp length";
  if (u16(bytes, payload + 6) === 0) return undefined;
  return pseudoChecksum(bytes, { ...header, end: payload + length }) === 0 ? undefined : "bad transport checksum";
}
