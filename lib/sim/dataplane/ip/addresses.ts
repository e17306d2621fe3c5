// Addresses of interfaces, and the routes that follow from them.
import { randomBytes } from "node:crypto";
import { VnetError } from "../../vnet-error.js";
import { type FibTable, fibPath, type IpTables } from "../fib/index.js";
import type { InterfaceTable, SwInterface } from "../interface/index.js";
import {
  type Address,
  type AddressFamily,
  covers,
  familyOf,
  formatPrefix,
  isLinkLocal6,
  linkLocalOf,
  maxPrefixLength,
} from "../vlib/index.js";
import { Subnets } from "./subnets.js";

export type AddressListener = (swInterface: SwInterface) => void;

/** The addresses of interfaces, their tables, and the routes that follow from them. */
export class IpAddresses {
  readonly #subnets = new WeakMap<FibTable, Subnets>();
  readonly #listeners: AddressListener[] = [];
  readonly #tables: Record<AddressFamily, IpTables>;

  constructor(interfaces: InterfaceTable, tables: Record<AddressFamily, IpTables>) {
    this.#tables = tables;
    interfaces.onChange((swInterface, change) => {
      if (change === "admin") this.#updateRoutes(swInterface);
      if (change === "delete") this.#interfaceDeleted(swInterface);
    });
  }

  /** Calls `listener` after the addresses of an interface have changed. */
  onChange(listener: AddressListener): void {
    this.#listeners.push(listener);
  }

  /** Adds an address. Refuses overlapping subnets on two interfaces of a table, as VPP does. */
  add(swInterface: SwInterface, address: Address, length: number): void {
    const family = familyOf(address);
    refuseLocal(swInterface);
    if (isLinkLocal6(address)) {
      this.#setLinkLocal(swInterface, address as string, length);
      return;
    }
    if (length > maxPrefixLength(family)) throw badLength(address, length);
    this.#checkOverlap(swInterface, address, length);
    if (length === 0) throw badLength(address, length);
    const ip = swInterface.ip(family);
    ip.addresses.push({ address, length });
    this.#subnetsOf(ip.table).add(swInterface, address, length);
    this.enable(swInterface, family, true);
    if (family === 6) this.lockLink(swInterface);
    if (swInterface.adminUp) addRoutes(swInterface, address, length);
    this.#changed(swInterface);
  }

  remove(swInterface: SwInterface, address: Address, length: number): void {
    refuseLocal(swInterface);
    if (isLinkLocal6(address)) throw this.#linkLocalStays(swInterface, address, length);
    const ip = swInterface.ip(familyOf(address));
    const at = ip.addresses.findIndex((known) => known.address === address && known.length === length);
    if (at < 0) {
      throw new VnetError(
        "ADDRESS_NOT_FOUND_FOR_INTERFACE",
        `${formatPrefix(address, length)} is not an address of ${swInterface.name}`,
      );
    }
    ip.addresses.splice(at, 1);
    this.#subnetsOf(ip.table).remove(address, length);
    this.enable(swInterface, familyOf(address), false);
    if (familyOf(address) === 6) this.unlockLink(swInterface);
    if (swInterface.adminUp) removeRoutes(swInterface, address, length);
    this.#changed(swInterface);
  }

  removeAll(swInterface: SwInterface): void {
    for (const family of [4, 6] as const) {
      for (const { address, length } of [...swInterface.ip(family).addresses])
        this.remove(swInterface, address, length);
    }
  }

  /** Counts a reason for IPv4 or IPv6 packets to be taken. */
  enable(swInterface: SwInterface, family: AddressFamily, on: boolean): void {
    swInterface.ip(family).enabled += on ? 1 : -1;
  }

  /** Counts a reason for IPv6 to be on on the link. The first one makes the link-local address. Returns whether this is the first. */
  lockLink(swInterface: SwInterface, address = linkLocalFor(swInterface)): boolean {
    const isFirst = swInterface.linkLocal === undefined;
    if (isFirst) {
      swInterface.linkLocal = address;
      swInterface.linkLocks = 0;
      this.enable(swInterface, 6, true);
    }
    swInterface.linkLocks++;
    return isFirst;
  }

  /** Takes a reason away; the last one takes the link-local address along. Returns false if there was none. */
  unlockLink(swInterface: SwInterface): boolean {
    if (swInterface.linkLocal === undefined) return false;
    if (--swInterface.linkLocks === 0) {
      swInterface.linkLocal = undefined;
      this.enable(swInterface, 6, false);
    }
    return true;
  }

  /** Moves an interface to a table. The interface may neither have nor borrow addresses. */
  bind(swInterface: SwInterface, family: AddressFamily, tableId: number): void {
    const table = this.#tables[family].get(tableId);
    const ip = swInterface.ip(family);
    const source = swInterface.unnumberedTo ?? swInterface;
    if (source.ip(family).addresses.length > 0) {
      throw new VnetError("ADDRESS_FOUND_FOR_INTERFACE", `${swInterface.name} has IPv${family} addresses`);
    }
    if (ip.table === table) return;
    const old = ip.table;
    this.#tables[family].lock(tableId, "interface");
    ip.table = table;
    this.#tables[family].unlock(old.tableId, "interface");
  }

  setUnnumbered(swInterface: SwInterface, source: SwInterface, on: boolean): void {
    if (on && (swInterface.ip4.table !== source.ip4.table || swInterface.ip6.table !== source.ip6.table)) {
      throw new VnetError("UNEXPECTED_INTF_STATE", `${swInterface.name} and ${source.name} are in different tables`);
    }
    const was = swInterface.unnumberedTo !== undefined;
    swInterface.unnumberedTo = on ? source : undefined;
    if (was !== on) for (const family of [4, 6] as const) this.enable(swInterface, family, on);
    this.#changed(swInterface);
  }

  /** Returns the addresses that an interface answers for: its own, or those of the interface that it is unnumbered to. */
  effective(swInterface: SwInterface, family: AddressFamily): readonly { address: Address; length: number }[] {
    return (swInterface.unnumberedTo ?? swInterface).ip(family).addresses;
  }

  /** Returns the source address for packets to `destination`: an address of the same subnet, or else the first address. */
  sourceFor(swInterface: SwInterface, destination: Address): Address | undefined {
    const addresses = this.effective(swInterface, familyOf(destination));
    return (addresses.find(({ address, length }) => covers(address, length, destination)) ?? addresses[0])?.address;
  }

  /** Sets the link-local address as VPP does (ip6_forward.c): it replaces the one before, and no dump of addresses shows it. */
  #setLinkLocal(swInterface: SwInterface, address: string, length: number): void {
    checkLinkLocalLength(address, length);
    if (swInterface.linkLocal === undefined) this.lockLink(swInterface, address);
    swInterface.linkLocal = address;
    this.#changed(swInterface);
  }

  #linkLocalStays(swInterface: SwInterface, address: Address, length: number): VnetError {
    checkLinkLocalLength(address, length);
    const isOwn = swInterface.linkLocal === address;
    const text = formatPrefix(address, length);
    if (isOwn)
      return new VnetError("ADDRESS_NOT_DELETABLE", `${text} is the link-local address of ${swInterface.name}`);
    return new VnetError("ADDRESS_NOT_FOUND_FOR_INTERFACE", `${text} is not an address of ${swInterface.name}`);
  }

  #checkOverlap(swInterface: SwInterface, address: Address, length: number): void {
    const other = this.#subnetsOf(swInterface.ip(familyOf(address)).table).conflict(swInterface, address, length);
    if (other === undefined) return;
    const text = formatPrefix(address, length);
    const error = familyOf(address) === 4 ? "ADDRESS_IN_USE" : "DUPLICATE_IF_ADDRESS";
    throw new VnetError(error, `${text} conflicts with an address of ${other.name}`);
  }

  #subnetsOf(table: FibTable): Subnets {
    let subnets = this.#subnets.get(table);
    if (subnets === undefined) {
      subnets = new Subnets();
      this.#subnets.set(table, subnets);
    }
    return subnets;
  }

  /** Adds or removes the routes of the addresses, which exist while the interface is up. */
  #updateRoutes(swInterface: SwInterface): void {
    const change = swInterface.adminUp ? addRoutes : removeRoutes;
    for (const family of [4, 6] as const) {
      for (const { address, length } of swInterface.ip(family).addresses) change(swInterface, address, length);
    }
  }

  #interfaceDeleted(swInterface: SwInterface): void {
    this.removeAll(swInterface);
    // As in VPP, an interface that borrows from this one keeps its note, and has no addresses any more.
    if (swInterface.unnumberedTo !== undefined) this.setUnnumbered(swInterface, swInterface.unnumberedTo, false);
    for (const family of [4, 6] as const)
      this.#tables[family].unlock(swInterface.ip(family).table.tableId, "interface");
  }

  #changed(swInterface: SwInterface): void {
    for (const listener of this.#listeners) listener(swInterface);
  }
}

/** Refuses addresses of the first interface, local0, as VPP does. */
function refuseLocal({ swIfIndex, name }: SwInterface): void {
  if (swIfIndex === 0) throw new VnetError("UNSUPPORTED", `${name} has no addresses`);
}

function badLength(address: Address, length: number): VnetError {
  return new VnetError("ADDRESS_LENGTH_MISMATCH", `${formatPrefix(address, length)}: bad prefix length`);
}

/** VPP gives an interface without a MAC address a random one. */
function linkLocalFor({ mac }: SwInterface): string {
  return linkLocalOf(mac ?? randomBytes(6));
}

function checkLinkLocalLength(address: Address, length: number): void {
  if (length === maxPrefixLength(6)) return;
  throw new VnetError("ADDRESS_LENGTH_MISMATCH", `${formatPrefix(address, length)}: a link-local address needs /128`);
}

function addRoutes(swInterface: SwInterface, address: Address, length: number): void {
  const { table } = swInterface.ip(familyOf(address));
  const longest = maxPrefixLength(table.family);
  if (length < longest) table.set(address, length, "interface", [fibPath("attached", swInterface.swIfIndex)], true);
  table.set(address, longest, "interface", [fibPath("receive", swInterface.swIfIndex, address)], true);
  if (table.family === 6 || length >= 31) return;
  for (const edge of edges(address as number, length)) {
    if (edge !== address) table.set(edge, 32, "interface", [fibPath("drop")]);
  }
}

function removeRoutes(swInterface: SwInterface, address: Address, length: number): void {
  const { table, addresses } = swInterface.ip(familyOf(address));
  const longest = maxPrefixLength(table.family);
  table.remove(address, longest, "interface");
  const shared = addresses.some((other) => other.address !== address && covers(other.address, length, address));
  if (shared || length >= longest) return;
  table.remove(address, length, "interface");
  if (table.family === 6 || length >= 31) return;
  for (const edge of edges(address as number, length)) table.remove(edge, 32, "interface");
}

/** Returns the network and the broadcast address of an IPv4 subnet. VPP drops packets to them. */
function edges(address: number, length: number): [number, number] {
  const mask = ~0 << (32 - length);
  return [(address & mask) >>> 0, (address | ~mask) >>> 0];
}
