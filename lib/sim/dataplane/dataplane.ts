// The packet graph of one life of VPP with everything configured in it.
import { VnetError } from "../vnet-error.js";
import { Abf, Abx, Acls } from "./acl/index.js";
import { Dhcp4Ports, Dhcp4Proxy, Dhcp6Proxy, DhcpClients } from "./dhcp/index.js";
import { IpTables } from "./fib/index.js";
import {
  type Device,
  defineEthernetInput,
  defineInterfaceOutput,
  type InputNode,
  InterfaceIp,
  InterfaceTable,
  type Plane,
  receiveFrame,
  SubinterfaceDevice,
  SwInterface,
} from "./interface/index.js";
import {
  defineIpInput,
  defineMulticast,
  Icmp4,
  Icmp6,
  type IcmpErrors,
  IpAddresses,
  IpLocal,
  IpLookup,
  IpRewrite,
  UdpLocal,
} from "./ip/index.js";
import { L2Xconnect, Span } from "./l2/index.js";
import { Lcp } from "./linux-cp/index.js";
import { Arp, ArpProxy, NdProxy, NeighborDiscovery, NeighborResolver, Neighbors } from "./neighbor/index.js";
import { Isisx, Osi } from "./osi/index.js";
import { Punt, PuntSocketNode } from "./punt/index.js";
import { type AddressFamily, Arcs, Graph, type GraphNode, type Packet } from "./vlib/index.js";

/** Sees every frame that leaves an interface: captures, tests. */
export type TransmitListener = (swInterface: SwInterface, frame: Uint8Array) => void;

/** The data plane: its nodes, each with the nodes that it calls. It does not know the API. */
export class DataPlane implements Plane {
  readonly graph = new Graph();
  readonly arcs = new Arcs();
  readonly interfaces = new InterfaceTable();
  readonly ip4 = new IpTables(4);
  readonly ip6 = new IpTables(6);
  readonly tables: Record<AddressFamily, IpTables> = { 4: this.ip4, 6: this.ip6 };
  readonly neighbors = new Neighbors(this.interfaces);
  readonly addresses = new IpAddresses(this.interfaces, this.tables);

  readonly local = both((family) => new IpLocal(this, family, this.tables[family]));
  readonly icmp6 = new Icmp6(this, this.local[6], this.addresses);
  readonly icmp: Record<AddressFamily, IcmpErrors> = {
    4: new Icmp4(this, this.local[4], this.addresses),
    6: this.icmp6,
  };
  readonly udp = both((family) => new UdpLocal(this, family, this.local[family], this.icmp[family]));

  readonly arpProxy = new ArpProxy(this, this.ip4);
  readonly arp = new Arp(this, this.addresses, this.neighbors, this.arpProxy);
  readonly nd = new NeighborDiscovery(this, this.icmp6, this.addresses, this.neighbors);
  readonly #resolver = new NeighborResolver(this.neighbors, this.arp, this.nd);
  readonly rewrite = both((family) => new IpRewrite(this, family, this.icmp[family], this.#resolver));
  readonly lookup = both((family) => new IpLookup(this, family, this.tables[family], this.rewrite[family]));

  // Features of one arc run in the order of these lines.
  readonly acls = new Acls(this);
  readonly osi = new Osi(this);
  readonly lcp = new Lcp(this, this.osi, this.addresses);
  readonly abx = new Abx(this, this.acls);
  readonly abf = new Abf(this, this.acls, this.lookup);
  readonly ndProxy = new NdProxy(this, this.nd, this.neighbors);
  readonly isisx = new Isisx(this, this.osi);
  readonly xconnect = new L2Xconnect(this);
  readonly span = new Span(this);
  readonly punt = new Punt(this, this.local, this.udp);
  readonly puntSocket = new PuntSocketNode(this, {
    local: this.local,
    udp: this.udp,
    icmp6: this.icmp6,
    punt: this.punt,
  });
  readonly #dhcpPorts = new Dhcp4Ports(this.udp[4]);
  readonly dhcpClients = new DhcpClients(this, this.addresses, this.#dhcpPorts);
  readonly dhcp4Proxy = new Dhcp4Proxy(this, this.ip4, this.addresses, this.#dhcpPorts);
  readonly dhcp6Proxy = new Dhcp6Proxy(this, this.ip6, this.addresses, this.udp[6]);

  readonly #dirty = new Set<Device>();
  readonly #flushListeners: (() => void)[] = [];
  readonly #transmitListeners = new Set<TransmitListener>();

  constructor() {
    defineEthernetInput(this);
    defineInterfaceOutput(this);
    for (const family of [4, 6] as const) {
      defineIpInput(this, family, this.icmp[family]);
      defineMulticast(this, this.tables[family], this.rewrite[family]);
    }
    this.interfaces.onChange((swInterface, change) => {
      if (change === "delete") this.#interfaceDeleted(swInterface.swIfIndex);
    });
  }

  /** Adds an interface, down, in table 0. */
  createInterface(name: string, mac: Uint8Array | undefined, device: Device): SwInterface {
    const ip = both((family) => new InterfaceIp(this.tables[family].lock(0, "interface")));
    const swInterface = new SwInterface(name, mac, device, ip[4], ip[6]);
    this.interfaces.add(swInterface);
    return swInterface;
  }

  /** Adds the sub-interface of a VLAN: its frames have one tag. */
  createSubinterface(parent: SwInterface, vlan: number): SwInterface {
    if (parent.subinterfaces.has(vlan)) {
      throw new VnetError("SUBIF_ALREADY_EXISTS", `${parent.name} has a sub-interface ${vlan} already`);
    }
    const created = this.createInterface(`${parent.name}.${vlan}`, parent.mac, new SubinterfaceDevice(this, parent));
    created.subinterface = { parent, vlan };
    parent.subinterfaces.set(vlan, created);
    this.interfaces.setLink(created, parent.linkUp);
    return created;
  }

  /** Takes a frame from the wire. The bytes belong to the data plane from now on. */
  receive(swInterface: SwInterface, frame: Uint8Array, from?: InputNode): void {
    receiveFrame(this, swInterface, frame, from);
  }

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
    packet.trace?.hop("error-drop", `${node.name}: ${reason}`);
    node.count(reason);
    const swInterface = this.interfaces.find(packet.rx);
    if (swInterface !== undefined) swInterface.counters.drops++;
  }

  /** Calls `listener` for every frame that leaves. Returns a function that ends this. */
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
    this.arcs.forget(swIfIndex);
    this.ip4.forget(swIfIndex);
    this.ip6.forget(swIfIndex);
  }
}

function both<T>(make: (family: AddressFamily) => T): Record<AddressFamily, T> {
  return { 4: make(4), 6: make(6) };
}
