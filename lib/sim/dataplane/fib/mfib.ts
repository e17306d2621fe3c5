// Forwarding tables for multicast.
import { type Address, type AddressFamily, maskAddress, maxPrefixLength, parseAddress } from "../vlib/index.js";

/** A multicast group's entry: on which interfaces it is accepted, and whether it is for this VPP itself. */
export interface MulticastEntry {
  group: Address;
  length: number;
  /** Accepted from any interface. */
  acceptAll: boolean;
  /** Accepted from each interface that has an IPv4 address, or IPv6 on on its link: not from an interface that only borrows addresses. */
  acceptAddressed: boolean;
  accept: Set<number>;
  forward: Set<number>;
  /** Delivered to this VPP itself (the "local" path). */
  local: boolean;
}

/**
 * The forwarding of groups. As in VPP only a few groups are received by default; others (224.0.0.5 of OSPF, for example)
 * need an `ip_mroute_add_del` with an accepting interface and the local path.
 */
export class MulticastTable {
  readonly #entries = new Map<string, MulticastEntry>();
  readonly #byInterface = new Map<number, Set<MulticastEntry>>();

  constructor(readonly family: AddressFamily) {
    for (const [group, length] of specials(family)) {
      const entry = this.ensure(group, length);
      entry.acceptAddressed = true;
      entry.local = true;
    }
  }

  lookup(group: Address): MulticastEntry | undefined {
    const exact = this.#entries.get(key(group, maxPrefixLength(this.family)));
    if (exact !== undefined) return exact;
    let best: MulticastEntry | undefined;
    for (const entry of this.#entries.values()) {
      if (best !== undefined && entry.length <= best.length) continue;
      if (maskAddress(group, entry.length) === entry.group) best = entry;
    }
    return best;
  }

  /** Returns the group's entry, and makes it first if it is new. */
  ensure(group: Address, length: number): MulticastEntry {
    const masked = maskAddress(group, length);
    let entry = this.#entries.get(key(masked, length));
    if (entry === undefined) {
      entry = {
        group: masked,
        length,
        acceptAll: false,
        acceptAddressed: false,
        accept: new Set(),
        forward: new Set(),
        local: false,
      };
      this.#entries.set(key(masked, length), entry);
    }
    return entry;
  }

  values(): IterableIterator<MulticastEntry> {
    return this.#entries.values();
  }

  remove(group: Address, length: number): void {
    this.#entries.delete(key(maskAddress(group, length), length));
  }

  /** Accepts a group from an interface, or sends it there; or no longer does. */
  setInterface(entry: MulticastEntry, role: "accept" | "forward", swIfIndex: number, on: boolean): void {
    if (!on) {
      entry[role].delete(swIfIndex);
      return;
    }
    entry[role].add(swIfIndex);
    this.#byInterface.set(swIfIndex, (this.#byInterface.get(swIfIndex) ?? new Set()).add(entry));
  }

  /** An interface is gone: no group is accepted from it or sent to it any more. */
  forget(swIfIndex: number): void {
    for (const entry of this.#byInterface.get(swIfIndex) ?? []) {
      entry.accept.delete(swIfIndex);
      entry.forward.delete(swIfIndex);
    }
    this.#byInterface.delete(swIfIndex);
  }
}

function key(group: Address, length: number): string {
  return `${group}/${length}`;
}

function specials(family: AddressFamily): [Address, number][] {
  if (family === 4)
    return [
      [parseAddress("224.0.0.1"), 32],
      [parseAddress("224.0.0.2"), 32],
    ];
  return [
    [parseAddress("ff02::1:ff00:0"), 104],
    [parseAddress("ff02::1"), 128],
    [parseAddress("ff02::2"), 128],
    [parseAddress("ff02::16"), 128],
  ];
}
