// linux-cp: pairs of an interface and a TAP.
import { ETHERTYPE } from "../../../net/index.js";
import { VnetError } from "../../vnet-error.js";
import type { Plane, SwInterface } from "../interface/index.js";
import type { IpAddresses } from "../ip/index.js";
import type { Osi } from "../osi/index.js";
import { ETHERNET_HEADER, type Packet, u16 } from "../vlib/index.js";

export interface LcpPair {
  phy: SwInterface;
  host: SwInterface;
  hostName: string;
  namespace: string;
  /** Linux's index of the host interface. */
  vifIndex: number;
  isTun: boolean;
}

/**
 * linux-cp: an interface paired with a TAP. Packets that VPP would punt go to the host; packets from the host leave through the
 * paired interface; OSI protocols pass both ways once they are enabled.
 */
export class Lcp {
  defaultNamespace = "";
  readonly #byPhy = new Map<number, LcpPair>();
  readonly #byHost = new Map<number, LcpPair>();
  readonly #osiProtocols = new Set<number>();
  readonly #plane: Plane;
  readonly #osi: Osi;
  readonly #addresses: IpAddresses;

  constructor(plane: Plane, osi: Osi, addresses: IpAddresses) {
    this.#plane = plane;
    this.#osi = osi;
    this.#addresses = addresses;
    for (const arcs of [plane.arcs.ip4, plane.arcs.ip6]) {
      for (const arc of [arcs.unicast, arcs.multicast]) arc.register("linux-cp-xc", (packet) => this.#fromHost(packet));
      arcs.punt.register("linux-cp-punt", (packet) => this.#toHost(packet));
    }
    plane.arcs.arp.register("linux-cp-arp-phy", (packet) => this.#copyArpReply(packet));
    plane.arcs.arp.register("linux-cp-arp-host", (packet) => this.#fromHost(packet));
    plane.interfaces.onChange((swInterface, change) => {
      if (change === "delete") this.#interfaceDeleted(swInterface);
    });
  }

  find(phy: number): LcpPair | undefined {
    return this.#byPhy.get(phy);
  }

  pairs(): LcpPair[] {
    return [...this.#byPhy.values()];
  }

  add(pair: LcpPair): void {
    this.#byPhy.set(pair.phy.swIfIndex, pair);
    this.#byHost.set(pair.host.swIfIndex, pair);
    this.#setFeatures(pair, true);
    this.#plane.interfaces.setAdmin(pair.host, true);
  }

  /** Ends a pair. The caller deletes the host interface. */
  remove(phy: number): LcpPair {
    const pair = this.#byPhy.get(phy);
    if (pair === undefined) throw new VnetError("INVALID_SW_IF_INDEX", `interface ${phy} has no linux-cp pair`);
    this.#setFeatures(pair, false);
    this.#byPhy.delete(phy);
    this.#byHost.delete(pair.host.swIfIndex);
    return pair;
  }

  /** Enables a protocol for good: VPP has no message to disable it. */
  enableOsi(protocol: number): void {
    this.#osiProtocols.add(protocol);
    this.#osi.register(protocol, (packet) => this.#crossConnect(packet));
  }

  enabledOsi(): number[] {
    return [...this.#osiProtocols].sort((a, b) => a - b);
  }

  #setFeatures({ phy, host }: LcpPair, on: boolean): void {
    const { arcs } = this.#plane;
    for (const { unicast, multicast, punt } of [arcs.ip4, arcs.ip6]) {
      unicast.enable("linux-cp-xc", host.swIfIndex, on);
      multicast.enable("linux-cp-xc", host.swIfIndex, on);
      punt.enable("linux-cp-punt", phy.swIfIndex, on);
    }
    arcs.arp.enable("linux-cp-arp-phy", phy.swIfIndex, on);
    arcs.arp.enable("linux-cp-arp-host", host.swIfIndex, on);
    for (const family of [4, 6] as const) this.#addresses.enable(host, family, on);
  }

  /** linux-cp-punt-xc: sends a packet from one interface of a pair to the other. */
  #crossConnect(packet: Packet) {
    const node = this.#plane.graph.node("linux-cp-punt-xc");
    const out = this.#byPhy.get(packet.rx)?.host ?? this.#byHost.get(packet.rx)?.phy;
    if (out === undefined) return this.#plane.drop(packet, node, "no pair");
    this.#output(packet, out);
  }

  #fromHost(packet: Packet): boolean {
    const pair = this.#byHost.get(packet.rx);
    if (pair === undefined) return false;
    this.#output(packet, pair.phy);
    return true;
  }

  #toHost(packet: Packet): boolean {
    const pair = this.#byPhy.get(packet.rx);
    if (pair === undefined || packet.l3 < ETHERNET_HEADER) return false;
    this.#output(packet, pair.host);
    return true;
  }

  /** The host needs ARP replies too, and VPP keeps learning from them. */
  #copyArpReply(packet: Packet): boolean {
    const { bytes, l3 } = packet;
    const isReply = bytes.length >= l3 + 8 && u16(bytes, 12) === ETHERTYPE.ARP && u16(bytes, l3 + 6) === 2;
    const pair = this.#byPhy.get(packet.rx);
    if (isReply && pair !== undefined) this.#output(packet.copy(), pair.host);
    return false;
  }

  #output(packet: Packet, out: SwInterface): void {
    packet.tx = out.swIfIndex;
    this.#plane.graph.node("interface-output").send(packet);
  }

  #interfaceDeleted(swInterface: SwInterface): void {
    const pair = this.#byPhy.get(swInterface.swIfIndex) ?? this.#byHost.get(swInterface.swIfIndex);
    if (pair === undefined) return;
    this.remove(pair.phy.swIfIndex);
    if (pair.phy === swInterface) this.#plane.interfaces.delete(pair.host);
  }
}
