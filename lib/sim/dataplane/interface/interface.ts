// Interfaces: their state, their addresses, their counters, and the table of all.
import { VnetError } from "../../vnet-error.js";
import type { FibTable } from "../fib/index.js";
import { type Address, NO_INTERFACE, Pool } from "../vlib/index.js";

/** VPP's default. */
const ETHERNET_MTU = 9000;

/** The other side of an interface: the wire, a memif peer, a TAP's host side. */
export interface Device {
  /** VPP's name of the device class: "memif", "virtio", "af-packet", "Loopback". */
  readonly className: string;
  /** Sends a frame. The bytes belong to the device from now on. Returns false if the frame was lost. */
  send(frame: Uint8Array): boolean;
  /** Ends a burst: sends the frames that `send` has collected. */
  flush?(): void;
  adminChanged?(up: boolean): void;
  /** The interface is gone: removes its sockets and devices. */
  close(): void;
}

export interface InterfaceAddress {
  address: Address;
  length: number;
}

/** IPv4's or IPv6's side of an interface. */
export class InterfaceIp {
  /** The number of reasons for the protocol to be on (an address, unnumbered, a DHCP client). */
  enabled = 0;
  readonly addresses: InterfaceAddress[] = [];

  constructor(public table: FibTable) {}
}

export interface InterfaceCounters {
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
  drops: number;
  txErrors: number;
}

/** The parent and the tags of a sub-interface. */
export interface Subinterface {
  readonly parent: SwInterface;
  /** VPP's number of it, which is also the VLAN id here. */
  readonly vlan: number;
}

export class SwInterface {
  swIfIndex = -1;
  adminUp = false;
  linkUp = false;
  tag = "";
  /** 0 means no limit, as on an interface without Ethernet headers. */
  linkMtu: number;
  /** L3, IPv4, IPv6, MPLS, as `sw_interface_set_mtu` sets them. 0 means that the L3 MTU counts, and for L3 itself no limit. */
  mtu: number[];
  /** The interface that the L2 cross-connect sends to; undefined for an L3 interface. */
  xconnectTo: number | undefined;
  /** Undefined for an interface of its own. */
  subinterface: Subinterface | undefined;
  /** Sub-interfaces by their VLAN id. */
  readonly subinterfaces = new Map<number, SwInterface>();
  /** The IPv6 link-local address; undefined while IPv6 is off on the link. A change of the MAC address does not change it. */
  linkLocal: string | undefined;
  /** The number of reasons for IPv6 to be on on the link: IPv6 addresses, and requests for it. An interface that borrows addresses has none. */
  linkLocks = 0;
  /** The interface whose addresses this one uses. */
  unnumberedTo: SwInterface | undefined;
  readonly counters: InterfaceCounters = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0, drops: 0, txErrors: 0 };

  /**
   * @param name VPP's name of the interface
   * @param mac undefined for an IP interface, which has no Ethernet headers
   */
  constructor(
    readonly name: string,
    public mac: Uint8Array | undefined,
    readonly device: Device,
    readonly ip4: InterfaceIp,
    readonly ip6: InterfaceIp,
  ) {
    this.linkMtu = mac === undefined ? 0 : ETHERNET_MTU;
    this.mtu = [this.linkMtu, 0, 0, 0];
  }

  ip(family: 4 | 6): InterfaceIp {
    return family === 4 ? this.ip4 : this.ip6;
  }

  /** MTU of a protocol's packets. */
  ipMtu(family: 4 | 6): number {
    return this.mtu[family === 4 ? 1 : 2]! || this.mtu[0]! || Number.POSITIVE_INFINITY;
  }
}

export type InterfaceChange = "add" | "delete" | "admin" | "link";

export type InterfaceListener = (swInterface: SwInterface, change: InterfaceChange) => void;

/** All interfaces, by sw_if_index and by name. */
export class InterfaceTable {
  readonly #pool = new Pool<SwInterface>();
  readonly #byName = new Map<string, SwInterface>();
  readonly #listeners: InterfaceListener[] = [];

  /** Calls `listener` on every change from now on, in the order of subscription. */
  onChange(listener: InterfaceListener): void {
    this.#listeners.push(listener);
  }

  add(swInterface: SwInterface): void {
    if (this.#byName.has(swInterface.name)) {
      throw new VnetError("IF_ALREADY_EXISTS", `interface ${swInterface.name} exists already`);
    }
    swInterface.swIfIndex = this.#pool.add(swInterface);
    this.#byName.set(swInterface.name, swInterface);
    this.#notify(swInterface, "add");
  }

  /** Deletes an interface: its sub-interfaces, its state, its configuration, and last its device. */
  delete(swInterface: SwInterface): void {
    for (const subinterface of [...swInterface.subinterfaces.values()]) this.delete(subinterface);
    this.setAdmin(swInterface, false);
    this.#notify(swInterface, "delete");
    this.#pool.delete(swInterface.swIfIndex);
    this.#byName.delete(swInterface.name);
    swInterface.subinterface?.parent.subinterfaces.delete(swInterface.subinterface.vlan);
    swInterface.device.close();
  }

  setAdmin(swInterface: SwInterface, up: boolean): void {
    if (swInterface.adminUp === up) return;
    swInterface.adminUp = up;
    this.#notify(swInterface, "admin");
    swInterface.device.adminChanged?.(up);
  }

  setLink(swInterface: SwInterface, up: boolean): void {
    if (swInterface.linkUp === up) return;
    swInterface.linkUp = up;
    this.#notify(swInterface, "link");
    for (const subinterface of swInterface.subinterfaces.values()) this.setLink(subinterface, up);
  }

  find(swIfIndex: number): SwInterface | undefined {
    return this.#pool.get(swIfIndex);
  }

  findByName(name: string): SwInterface | undefined {
    return this.#byName.get(name);
  }

  /** Returns the interface. @throws VnetError INVALID_SW_IF_INDEX */
  get(swIfIndex: number): SwInterface {
    const found = this.#pool.get(swIfIndex);
    if (found === undefined) throw new VnetError("INVALID_SW_IF_INDEX", `there is no interface ${swIfIndex}`);
    return found;
  }

  values(): IterableIterator<SwInterface> {
    return this.#pool.values();
  }

  /** Selects one interface, or all for NO_INTERFACE, as dumps do. */
  *select(swIfIndex: number): IterableIterator<SwInterface> {
    if (swIfIndex === NO_INTERFACE) return yield* this.values();
    const found = this.find(swIfIndex);
    if (found !== undefined) yield found;
  }

  #notify(swInterface: SwInterface, change: InterfaceChange): void {
    for (const listener of this.#listeners) listener(swInterface, change);
  }
}
