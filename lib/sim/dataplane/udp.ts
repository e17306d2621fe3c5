import { IP_PROTOCOL } from "../../net/index.js";
import type { AddressFamily } from "./address.js";
import { u16 } from "./bytes.js";
import type { DataPlane } from "./dataplane.js";
import type { IpHeader } from "./ip-header.js";
import type { Packet } from "./packet.js";

export type UdpHandler = (packet: Packet, header: IpHeader) => void;

/** ip4-udp-lookup and ip6-udp-lookup: who has a destination port. */
export class UdpLocal {
  /** Unknown ports go to the punt arc instead of being answered with "port unreachable". */
  puntUnknown = false;
  readonly #byPort = new Map<number, UdpHandler>();
  readonly #node;
  readonly #dp: DataPlane;
  readonly #family: AddressFamily;

  constructor(dp: DataPlane, family: AddressFamily) {
    this.#dp = dp;
    this.#family = family;
    this.#node = dp.graph.node(`ip${family}-udp-lookup`);
    dp.local[family].register(IP_PROTOCOL.UDP, (packet, header) => this.#receive(packet, header));
  }

  /** One handler a port: the last one to register has it. */
  register(port: number, handler: UdpHandler): void {
    this.#byPort.set(port, handler);
  }

  /** Takes the port from whoever has it, as VPP does: it does not ask who that is. */
  unregister(port: number): void {
    this.#byPort.delete(port);
  }

  #receive(packet: Packet, header: IpHeader) {
    const handler = this.#byPort.get(u16(packet.bytes, header.payload + 2));
    if (handler !== undefined) return handler(packet, header);
    this.#node.count("no listener for dst port");
    if (this.puntUnknown) this.#dp.graph.node(`ip${this.#family}-punt`).send(packet);
    else this.#dp.icmp[this.#family].portUnreachable(packet, header);
  }
}
