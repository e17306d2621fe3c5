import { IP_PROTOCOL } from "../../net/index.js";
import { isLinkLocal6, UNSPECIFIED6 } from "./address.js";
import type { DataPlane } from "./dataplane.js";
import { fibPath } from "./fib.js";
import type { SwInterface } from "./interface.js";
import { parseIp6 } from "./ip-header.js";
import { ADVERTISEMENT, SOLICITATION } from "./nd.js";
import type { Packet } from "./packet.js";

/**
 * ND proxy, VPP's two kinds: an address behind an interface, answered for on the other links of its table; and an
 * interface on which every solicitation from a global address is answered.
 */
export class NdProxy {
  readonly #entries = new Map<string, { swInterface: SwInterface; address: string }>();
  readonly #byInterface = new Map<SwInterface, Set<string>>();
  readonly #dp: DataPlane;

  constructor(dp: DataPlane) {
    this.#dp = dp;
    dp.arcs.ip6.unicast.register("ip6-unicast-nd-proxy", (packet) => this.#answerUnicast(packet));
    dp.arcs.ip6.multicast.register("ip6-multicast-nd-proxy", (packet) => this.#answerMulticast(packet));
    dp.interfaces.onChange((swInterface, change) => {
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
    this.#dp.neighbors.remove(swInterface, address);
  }

  values(): IterableIterator<{ swInterface: SwInterface; address: string }> {
    return this.#entries.values();
  }

  setEnabled(swInterface: SwInterface, on: boolean): void {
    const { unicast, multicast } = this.#dp.arcs.ip6;
    unicast.enable("ip6-unicast-nd-proxy", swInterface.swIfIndex, on);
    multicast.enable("ip6-multicast-nd-proxy", swInterface.swIfIndex, on);
  }

  /** A solicitation sent to an address this VPP has a host route for. */
  #answerUnicast(packet: Packet): boolean {
    const message = discovery(packet);
    if (message === undefined) return false;
    const swInterface = this.#dp.interfaces.find(packet.rx)!;
    if (swInterface.ip6.table.exact(message.destination, 128) === undefined) return false;
    this.#dp.nd.answer(packet, message, swInterface);
    return true;
  }

  #answerMulticast(packet: Packet): boolean {
    const message = discovery(packet);
    if (message === undefined || message.source === UNSPECIFIED6 || isLinkLocal6(message.source)) return false;
    const question = this.#dp.nd.read(packet, message);
    if (question?.mac === undefined) return false;
    const swInterface = this.#dp.interfaces.find(packet.rx)!;
    const isQuestion = packet.bytes[message.payload] === SOLICITATION;
    this.#dp.neighbors.add(swInterface, isQuestion ? message.source : question.target, question.mac);
    if (isQuestion) this.#dp.nd.answer(packet, message, swInterface);
    return true;
  }
}

function discovery(packet: Packet) {
  const header = parseIp6(packet.bytes, packet.l3);
  if (typeof header === "string" || header.protocol !== IP_PROTOCOL.ICMPV6) return undefined;
  const type = header.end - header.payload >= 24 ? packet.bytes[header.payload] : undefined;
  return type === SOLICITATION || type === ADVERTISEMENT ? header : undefined;
}
