// UDP packets for this VPP, by port.
import { IP_PROTOCOL } from "../../../net/index.js";
import type { Plane } from "../interface/index.js";
import { type AddressFamily, type Packet, u16 } from "../vlib/index.js";
import type { IpHeader } from "./header.js";
import type { IcmpErrors } from "./icmp4.js";
import type { IpLocal } from "./local.js";

export type UdpHandler = (packet: Packet, header: IpHeader) => void;

/** ip4-udp-lookup and ip6-udp-lookup: finds the handler of a destination port. */
export class UdpLocal {
  /** Whether packets for unknown ports go to the punt arc. Otherwise VPP answers them with "port unreachable". */
  puntUnknown = false;
  readonly #byPort = new Map<number, { readonly handler: UdpHandler; readonly node: string }>();
  readonly #node;
  readonly #plane: Plane;
  readonly #icmp: IcmpErrors;
  readonly #family: AddressFamily;

  constructor(plane: Plane, family: AddressFamily, local: IpLocal, icmp: IcmpErrors) {
    this.#icmp = icmp;
    this.#plane = plane;
    this.#family = family;
    this.#node = plane.graph.node(`ip${family}-udp-lookup`);
    local.register(IP_PROTOCOL.UDP, `ip${family}-udp-lookup`, (packet, header) => this.#receive(packet, header));
  }

  /** Gives a port to a handler. The last handler to register has the port. */
  register(port: number, node: string, handler: UdpHandler): void {
    this.#byPort.set(port, { handler, node });
  }

  /** Returns the ports that have a handler, each with the handler's node. */
  handlers(): { port: number; node: string }[] {
    return [...this.#byPort].map(([port, { node }]) => ({ port, node })).sort((a, b) => a.port - b.port);
  }

  /** Takes the port from any handler: VPP does not check whose it is. */
  unregister(port: number): void {
    this.#byPort.delete(port);
  }

  #receive(packet: Packet, header: IpHeader) {
    const found = this.#byPort.get(u16(packet.bytes, header.payload + 2));
    if (found !== undefined) return found.handler(packet, header);
    this.#node.count("no listener for dst port");
    if (this.puntUnknown) this.#plane.graph.node(`ip${this.#family}-punt`).send(packet);
    else this.#icmp.portUnreachable(packet, header);
  }
}
