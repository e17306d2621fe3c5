// The punt arcs and the punt reasons.
import { IP_PROTOCOL } from "../../../net/index.js";
import { VnetError } from "../../vnet-error.js";
import type { Plane } from "../interface/index.js";
import type { IpHeader, IpLocal, UdpLocal } from "../ip/index.js";
import type { AddressFamily, Packet } from "../vlib/index.js";

export type PuntExceptionHandler = (packet: Packet, reason: number) => void;

/** The UDP port that stands for all ports without a listener. */
const ALL_PORTS = 0xffff;
/** ESP on UDP: RFC 3948. */
const ESP_PORT = 4500;

/** The reasons that VPP registers at its start, in VPP's order. Ids start at 1; clients must go by the name. */
const REASONS = ["", "ipsec4-spi-o-udp-0", "ipsec4-no-such-tunnel", "ipsec6-no-such-tunnel", "ipsec6-spi-o-udp-0"];

/**
 * The punt infrastructure: the ip4-punt and ip6-punt arcs for packets that nothing else takes, and exceptions by reason.
 *
 * The reasons are those of IPsec, whose nodes VPP inserts with its first tunnel. The embedded VPP has no IPsec: it behaves as
 * a VPP with one tunnel that no packet belongs to, and ESP for this VPP raises them.
 */
export class Punt {
  readonly #exceptions = new Map<number, Map<string, PuntExceptionHandler>>();
  readonly #dispatch;
  readonly #plane: Plane;
  readonly #udp: Record<AddressFamily, UdpLocal>;

  constructor(plane: Plane, local: Record<AddressFamily, IpLocal>, udp: Record<AddressFamily, UdpLocal>) {
    this.#udp = udp;
    this.#plane = plane;
    this.#dispatch = plane.graph.node("punt-dispatch");
    for (const family of [4, 6] as const) {
      this.#definePuntNode(family);
      local[family].register(IP_PROTOCOL.ESP, `ipsec${family}-tun-input`, (packet, header) =>
        this.#esp(packet, header),
      );
    }
    udp[4].register(ESP_PORT, "ipsec4-tun-input", (packet, header) => this.#espOverUdp(packet, header));
  }

  /** The punt reasons. */
  get reasons(): { id: number; name: string }[] {
    return REASONS.map((name, id) => ({ id, name })).slice(1);
  }

  /** @throws VnetError UNSPECIFIED: there is no such reason; VPP has one of number 0 */
  checkReason(reason: number): void {
    if (!(reason in REASONS)) throw new VnetError("UNSPECIFIED", `there is no punt reason ${reason}`);
  }

  /** Gives the packets of a reason to `node`. Several nodes get a copy each. */
  registerException(reason: number, node: string, handler: PuntExceptionHandler): void {
    const handlers = this.#exceptions.get(reason) ?? new Map<string, PuntExceptionHandler>();
    this.#exceptions.set(reason, handlers.set(node, handler));
  }

  /** Carries out `set_punt` for exceptions: sends them to the punt arc of the reason's protocol. To remove a missing one is not an error. */
  addDelException(reason: number, isAdd: boolean): void {
    this.checkReason(reason);
    const node = REASONS[reason]!.startsWith("ipsec6") ? "ip6-punt" : "ip4-punt";
    if (!isAdd) {
      this.#exceptions.get(reason)?.delete(node);
      return;
    }
    if (this.#exceptions.get(reason)?.has(node)) {
      throw new VnetError("UNSPECIFIED", "Existing punting registration...");
    }
    this.registerException(reason, node, (packet) => this.#plane.graph.node(node).send(packet));
  }

  /** Carries out `set_punt` for L4: UDP ports, or all ports without a listener. */
  addDelL4(family: AddressFamily, protocol: number, port: number, isAdd: boolean): void {
    if (protocol !== IP_PROTOCOL.UDP && protocol !== IP_PROTOCOL.TCP) {
      throw new VnetError("UNSPECIFIED", `only UDP (17) and TCP (6) protocols are supported, got ${protocol}`);
    }
    if (port === ALL_PORTS) {
      if (protocol === IP_PROTOCOL.UDP) this.#udp[family].puntUnknown = isAdd;
      return;
    }
    if (protocol === IP_PROTOCOL.TCP) throw new VnetError("UNSPECIFIED", "punt TCP ports is not supported yet");
    const node = this.#plane.graph.node(`ip${family}-udp-punt`);
    if (isAdd)
      this.#udp[family].register(port, `ip${family}-udp-punt`, (packet) => this.#plane.drop(packet, node, "UDP port"));
    else this.#udp[family].unregister(port);
  }

  #definePuntNode(family: AddressFamily): void {
    const node = this.#plane.graph.node(`ip${family}-punt`);
    const arc = this.#plane.arcs.ip(family).punt;
    node.define((packet) => {
      if (!arc.run(packet, packet.rx)) this.#plane.drop(packet, node, "punted, and no feature took it");
    });
  }

  #raise(packet: Packet, name: string): void {
    const reason = REASONS.indexOf(name);
    const handlers = [...(this.#exceptions.get(reason)?.values() ?? [])];
    this.#dispatch.count(name);
    if (handlers.length === 0) this.#plane.drop(packet, this.#dispatch, "no registrations");
    for (const [i, handler] of handlers.entries()) handler(i === 0 ? packet : packet.copy(), reason);
  }

  #esp(packet: Packet, { family, payload, end }: IpHeader) {
    if (end - payload < 8) return this.#plane.drop(packet, this.#dispatch, "ESP too short");
    this.#raise(packet, `ipsec${family}-no-such-tunnel`);
  }

  /** Raises an exception for ESP on UDP. Four zero bytes in the place of the SPI mean IKE. */
  #espOverUdp(packet: Packet, { payload, end }: IpHeader): void {
    const spi = payload + 8;
    const isIke = end - spi >= 4 && packet.bytes.subarray(spi, spi + 4).every((byte) => byte === 0);
    this.#raise(packet, isIke ? "ipsec4-spi-o-udp-0" : "ipsec4-no-such-tunnel");
  }
}
