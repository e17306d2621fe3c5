import { VnetError } from "../../vnet-error.js";
import type { FibTable } from "../fib/index.js";
import { type Address, NO_INTERFACE, Pool } from "../vlib/index.js";

/** VPP's default. */
const ETHERNET_MTU = 9000;

/** What is behind an interface: the wire, a memif peer, a TAP's host side. */
export interface Device {
  /** VPP's name of the device class: "memif", "virtio", "af-packet", "Loopback". */
  readonly className: string;
  /** Sends a frame. The bytes are the device's from now on. False: it was not sent, and is lost. */
  send(frame: Uint8Array): boolean;
  /** End of a burst: what `send` has collected goes out. */
  flush?(): void;
  adminChanged?(up: boolean): void;
  /** The interface is gone: everything of it outside this process goes too. */
  close(): void;
}

export interface InterfaceAddress {
  address: Address;
  length: number;
}

/** IPv4's or IPv6's side of an interface. */
export class InterfaceIp {
  /** How many reasons there are for the protocol to be on (an address, unnumbered, a DHCP client). */
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

/** What makes an interface a sub-interface. */
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
  /** 0, as on an interface without Ethernet headers: no limit. */
  linkMtu: number;
  /** L3, IPv4, IPv6, MPLS, as `sw_interface_set_mtu` sets them; 0: the L3 one counts; there, no limit. */
  mtu: number[];
  /** Where the L2 cross-connect sends to; undefined: an L3 interface. */
  xconnectTo: number | undefined;
  /** Undefined: an interface of its own. */
  subinterface: Subinterface | undefined;
  /** Sub-interfaces by their VLAN id. */
  readonly subinterfaces = new Map<number, SwInterface>();
  /** The IPv6 link-local address that was set; undefined: the one that follows from the MAC address. */
  linkLocal: string | undefined;
  /** The interface whose addresses this one uses. */
  unnumberedTo: SwInterface | undefined;
  readonly counters: InterfaceCounters = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0, drops: 0, txErrors: 0 };

  /**
   * @param name VPP's name of it
   * @param mac undefined: an IP interface, without Ethernet headers
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

  /** Takes an interface away: its sub-interfaces first; then it goes down, then what was configured on it goes, then the device. */
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

  /** The interface, or VPP's INVALID_SW_IF_INDEX. */
  get(swIfIndex: number): SwInterface {
    const found = this.#pool.get(swIfIndex);
    if (found === undefined) throw new VnetError("INVALID_SW_IF_INDEX", `there is no interface ${swIfIndex}`);
    return found;
  }

  values(): IterableIterator<SwInterface> {
    return this.#pool.values();
  }

  /** The interface, or all of them for NO_INTERFACE, as dumps select. */
  *select(swIfIndex: number): IterableIterator<SwInterface> {
    if (swIfIndex === NO_INTERFACE) return yield* this.values();
    const found = this.find(swIfIndex);
    if (found !== undefined) yield found;
  }

  #notify(swInterface: SwInterface, change: InterfaceChange): void {
    for (const listener of this.#listeners) listener(swInterface, change);
  }
}
