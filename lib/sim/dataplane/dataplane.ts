import { Abf } from "./abf.js";
import { Abx } from "./abx.js";
import { Acls } from "./acl.js";
import type { AddressFamily } from "./address.js";
import { Arp } from "./arp.js";
import { ArpProxy } from "./arp-proxy.js";
import { receiveFrame } from "./device-input.js";
import { DhcpClients } from "./dhcp-client.js";
import { Dhcp4Proxy } from "./dhcp4-proxy.js";
import { Dhcp6Proxy } from "./dhcp6-proxy.js";
import { defineEthernetInput } from "./ethernet.js";
import { FeatureArc } from "./feature-arc.js";
import { Graph, type GraphNode } from "./graph.js";
import { Icmp4, type IcmpErrors } from "./icmp4.js";
import { Icmp6 } from "./icmp6.js";
import { type Device, InterfaceIp, InterfaceTable, SwInterface } from "./interface.js";
import { defineInterfaceOutput } from "./interface-output.js";
import { IpAddresses } from "./ip-addresses.js";
import { defineIpInput } from "./ip-input.js";
import { IpLocal } from "./ip-local.js";
import { IpLookup } from "./ip-lookup.js";
import { defineMulticast } from "./ip-multicast.js";
import { IpRewrite } from "./ip-rewrite.js";
import { IpTables } from "./ip-tables.js";
import { Isisx } from "./isisx.js";
import { L2Xconnect } from "./l2.js";
import { Lcp } from "./lcp.js";
import { NeighborDiscovery } from "./nd.js";
import { NdProxy } from "./nd-proxy.js";
import { Neighbors } from "./neighbors.js";
import { Osi } from "./osi.js";
import type { Packet } from "./packet.js";
import { Punt } from "./punt.js";
import { PuntSocket } from "./punt-socket.js";
import { Span } from "./span.js";
import { UdpLocal } from "./udp.js";

function ipArcs(family: AddressFamily) {
  return {
    unicast: new FeatureArc(`ip${family}-unicast`),
    multicast: new FeatureArc(`ip${family}-multicast`),
    punt: new FeatureArc(`ip${family}-punt`),
  };
}

/** What sees every frame on its way out of an interface: captures, tests. */
export type TransmitListener = (swInterface: SwInterface, frame: Uint8Array) => void;

/** The packet graph of one life of VPP with everything configured in it. It knows nothing of the API. */
export class DataPlane {
  readonly graph = new Graph();
  readonly arcs = {
    deviceInput: new FeatureArc("device-input"),
    interfaceOutput: new FeatureArc("interface-output"),
    l2Input: new FeatureArc("l2-input"),
    l2Output: new FeatureArc("l2-output"),
    arp: new FeatureArc("arp"),
    ip4: ipArcs(4),
    ip6: ipArcs(6),
  };
  readonly interfaces = new InterfaceTable();
  readonly ip4 = new IpTables(4);
  readonly ip6 = new IpTables(6);
  readonly neighbors = new Neighbors(this.interfaces);
  readonly addresses = new IpAddresses(this.interfaces, { 4: this.ip4, 6: this.ip6 });

  readonly lookup = both((family) => new IpLookup(this, family));
  readonly rewrite = both((family) => new IpRewrite(this, family));
  readonly local = both((family) => new IpLocal(this, family));
  readonly icmp6 = new Icmp6(this);
  readonly icmp: Record<AddressFamily, IcmpErrors> = { 4: new Icmp4(this), 6: this.icmp6 };
  readonly udp = both((family) => new UdpLocal(this, family));
  readonly arp = new Arp(this);
  readonly arpProxy = new ArpProxy(this);
  readonly nd = new NeighborDiscovery(this);
  readonly acls = new Acls(this);
  readonly lcp = new Lcp(this);
  readonly abx = new Abx(this);
  readonly abf = new Abf(this);
  readonly ndProxy = new NdProxy(this);
  readonly osi = new Osi(this);
  readonly isisx = new Isisx(this);
  readonly xconnect = new L2Xconnect(this);
  readonly span = new Span(this);
  readonly punt = new Punt(this);
  readonly puntSocket = new PuntSocket(this);
  readonly dhcp4Proxy = new Dhcp4Proxy(this);
  readonly dhcp6Proxy = new Dhcp6Proxy(this);
  readonly dhcpClients = new DhcpClients(this);

  readonly #dirty = new Set<Device>();
  readonly #flushListeners: (() => void)[] = [];
  readonly #transmitListeners = new Set<TransmitListener>();

  constructor() {
    defineEthernetInput(this);
    defineInterfaceOutput(this);
    for (const family of [4, 6] as const) {
      defineIpInput(this, family);
      defineMulticast(this, family);
    }
    this.interfaces.onChange((swInterface, change) => {
      if (change === "delete") this.#interfaceDeleted(swInterface.swIfIndex);
    });
  }

  /** Adds an interface, down, in table 0. */
  createInterface(name: string, mac: Uint8Array | undefined, device: Device): SwInterface {
    const ip = both((family) => new InterfaceIp((family === 4 ? this.ip4 : this.ip6).lock(0, "interface")));
    const swInterface = new SwInterface(name, mac, device, ip[4], ip[6]);
    this.interfaces.add(swInterface);
    return swInterface;
  }

  /** A frame from the wire. The bytes are the data plane's from now on. */
  receive(swInterface: SwInterface, frame: Uint8Array): void {
    receiveFrame(this, swInterface, frame);
  }

  /** End of a burst: what devices have collected is sent. */
  flush(): void {
    for (const device of this.#dirty) device.flush!();
    this.#dirty.clear();
    for (const listener of this.#flushListeners) listener();
  }

  /** Calls `listener` at the end of every burst. */
  onFlush(listener: () => void): void {
    this.#flushListeners.push(listener);
  }

  transmit(swInterface: SwInterface, frame: Uint8Array): void {
    const { counters, device } = swInterface;
    for (const listener of this.#transmitListeners) listener(swInterface, frame);
    counters.txPackets++;
    counters.txBytes += frame.length;
    if (!device.send(frame)) counters.txErrors++;
    else if (device.flush !== undefined) this.#dirty.add(device);
  }

  drop(packet: Packet, node: GraphNode, reason: string): void {
    node.count(reason);
    const swInterface = this.interfaces.find(packet.rx);
    if (swInterface !== undefined) swInterface.counters.drops++;
  }

  onTransmit(listener: TransmitListener): () => void {
    this.#transmitListeners.add(listener);
    return () => this.#transmitListeners.delete(listener);
  }

  /** Ends this life: timers stop, devices close. */
  close(): void {
    this.dhcpClients.close();
    for (const { device } of this.interfaces.values()) device.close();
  }

  #interfaceDeleted(swIfIndex: number): void {
    const { deviceInput, interfaceOutput, l2Input, l2Output, arp, ip4, ip6 } = this.arcs;
    const ip = [ip4, ip6].flatMap(({ unicast, multicast, punt }) => [unicast, multicast, punt]);
    for (const arc of [deviceInput, interfaceOutput, l2Input, l2Output, arp, ...ip]) arc.forget(swIfIndex);
    for (const tables of [this.ip4, this.ip6]) {
      for (const { tableId } of tables.values()) tables.multicastTable(tableId).forget(swIfIndex);
    }
  }
}

function both<T>(make: (family: AddressFamily) => T): Record<AddressFamily, T> {
  return { 4: make(4), 6: make(6) };
}
