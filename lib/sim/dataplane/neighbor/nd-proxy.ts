// ND proxy, in both kinds that VPP has.
import { IP_PROTOCOL } from "../../../net/index.js";
import { fibPath } from "../fib/index.js";
import type { Plane, SwInterface } from "../interface/index.js";
import { parseIp6 } from "../ip/index.js";
import { isLinkLocal6, type Packet, UNSPECIFIED6 } from "../vlib/index.js";
import { ADVERTISEMENT, type NeighborDiscovery, SOLICITATION } from "./nd.js";
import type { Neighbors } from "./neighbors.js";

/**
 * ND proxy, in VPP's two kinds: an address behind an interface, for which VPP answers on the other links of the table; and an
 * interface on which VPP answers every solicitation from a global address.
 */
export class NdProxy {
  readonly #entries = new Map<string, { swInterface: SwInterface; address: string }>();
  readonly #byInterface = new Map<SwInterface, Set<string>>();
  readonly #plane: Plane;
  readonly #nd: NeighborDiscovery;
  readonly #neighbors: Neighbors;

  constructor(plane: Plane, nd: NeighborDiscovery, neighbors: Neighbors) {
    this.#plane = plane;
    this.#nd = nd;
    this.#neighbors = neighbors;
    plane.arcs.ip6.unicast.register("ip6-unicast-nd-proxy", (packet) => this.#answerUnicast(packet));
    plane.arcs.ip6.multicast.register("ip6-multicast-nd-proxy", (packet) => this.#answerMulticast(packet));
    plane.interfaces.onChange((swInterface, change) => {
      if (change !== "delete") return;
      for (const address of [...(this.#byInterface.get(swInterface) ?? [])]) this.remove(swInterface, address);
    });
  }

  add(swInterface: SwInterface, address: string): void {
    this.#entries.set(`${swInterface.swIfIndex}:${address}`, { swInterface, address });
    this.#byInterface.set(swInterface, (this.#byInterface.get(swInterface) ?? new Set()).add(address));
    const path = fibPath("next-hop", swInterface.swIfIndex, address);
    swInterface.ip6.table.set(address, 128, "nd-proxy", [path]);
  }

  remove(swInterface: SwInterface, address: string): void {
    if (!this.#entries.delete(`${swInterface.swIfIndex}:${address}`)) return;
    this.#byInterface.get(swInterface)?.delete(address);
    swInterface.ip6.table.remove(address, 128, "nd-proxy");
    this.#neighbors.remove(swInterface, address);
  }

  values(): IterableIterator<{ swInterface: SwInterface; address: string }> {
    return this.#entries.values();
  }

  setEnabled(swInterface: SwInterface, on: boolean): void {
    const { unicast, multicast } = this.#plane.arcs.ip6;
    unicast.enable("ip6-unicast-nd-proxy", swInterface.swIfIndex, on);
    multicast.enable("ip6-multicast-nd-proxy", swInterface.swIfIndex, on);
  }

  /** Answers a solicitation to an address that this VPP has a host route for. */
  #answerUnicast(packet: Packet): boolean {
    const message = discovery(packet);
    if (message === undefined) return false;
    const swInterface = this.#plane.interfaces.find(packet.rx)!;
    if (swInterface.ip6.table.exact(message.destination, 128) === undefined) return false;
    this.#nd.answer(packet, message, swInterface);
    return true;
  }

  #answerMulticast(packet: Packet): boolean {
    const message = discovery(packet);
    if (message === undefined || message.source === UNSPECIFIED6 || isLinkLocal6(message.source)) return false;
    const question = this.#nd.read(packet, message);
    if (question?.mac === undefined) return false;
    const swInterface = this.#plane.interfaces.find(packet.rx)!;
    const isQuestion = packet.bytes[message.payload] === SOLICITATION;
    this.#neighbors.add(swInterface, isQuestion ? message.source : question.target, question.mac);
    if (isQuestion) this.#nd.answer(packet, message, swInterface);
    return true;
  }
}

function discovery(packet: Packet) {
  const header = parseIp6(packet.bytes, packet.l3);
  if (typeof header === "string" || header.protocol !== IP_PROTOCOL.ICMPV6) return undefined;
  const type = header.end - header.payload >= 24 ? packet.bytes[header.payload] : undefined;
  return type === SOLICITATION || type === ADVERTISEMENT ? header : undefined;
}
