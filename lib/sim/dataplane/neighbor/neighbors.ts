// The MAC addresses of neighbors.
import { type FibTable, fibPath } from "../fib/index.js";
import type { InterfaceTable, SwInterface } from "../interface/index.js";
import { type Address, familyOf, maxPrefixLength } from "../vlib/index.js";

export interface Neighbor {
  swInterface: SwInterface;
  address: Address;
  mac: Uint8Array;
  isStatic: boolean;
  noFibEntry: boolean;
  /** When it was learned, in milliseconds of the monotonic clock. */
  since: number;
}

/** The neighbors of each interface. Each is also a host route if its link covers it. */
export class Neighbors {
  readonly #byInterface = new Map<number, Map<Address, Neighbor>>();

  constructor(interfaces: InterfaceTable) {
    interfaces.onChange((swInterface, change) => {
      if (change === "delete") this.#flush(swInterface);
      if (change === "admin" && !swInterface.adminUp) this.#flushLearned(swInterface);
    });
  }

  find(swIfIndex: number, address: Address): Neighbor | undefined {
    return this.#byInterface.get(swIfIndex)?.get(address);
  }

  *values(): IterableIterator<Neighbor> {
    for (const neighbors of this.#byInterface.values()) yield* neighbors.values();
  }

  /** The neighbors on one interface. */
  on(swIfIndex: number): Iterable<Neighbor> {
    return this.#byInterface.get(swIfIndex)?.values() ?? [];
  }

  /** Adds or updates. A learned address never replaces a configured one. */
  add(swInterface: SwInterface, address: Address, mac: Uint8Array, isStatic = false, noFibEntry = false): void {
    const neighbors = this.#byInterface.get(swInterface.swIfIndex) ?? new Map<Address, Neighbor>();
    this.#byInterface.set(swInterface.swIfIndex, neighbors);
    const known = neighbors.get(address);
    if (known?.isStatic && !isStatic) return;
    neighbors.set(address, {
      swInterface,
      address,
      mac: mac.slice(0, 6),
      isStatic,
      noFibEntry,
      since: performance.now(),
    });
    if (!noFibEntry) addHostRoute(swInterface, address);
  }

  /** Removes a neighbor. Returns false if it did not exist. */
  remove(swInterface: SwInterface, address: Address): boolean {
    if (!this.#byInterface.get(swInterface.swIfIndex)?.delete(address)) return false;
    tableOf(swInterface, address).remove(address, maxPrefixLength(familyOf(address)), "adj");
    return true;
  }

  #flush(swInterface: SwInterface): void {
    for (const address of [...(this.#byInterface.get(swInterface.swIfIndex)?.keys() ?? [])]) {
      this.remove(swInterface, address);
    }
    this.#byInterface.delete(swInterface.swIfIndex);
  }

  #flushLearned(swInterface: SwInterface): void {
    for (const neighbor of [...(this.#byInterface.get(swInterface.swIfIndex)?.values() ?? [])]) {
      if (!neighbor.isStatic) this.remove(swInterface, neighbor.address);
    }
  }
}

function tableOf(swInterface: SwInterface, address: Address): FibTable {
  return swInterface.ip(familyOf(address)).table;
}

/**
 * Adds the host route of a neighbor. It counts only if the subnet around it is on the same link, or on the link whose addresses
 * this one borrows. A neighbor elsewhere must not take traffic away from the subnet's own link.
 */
function addHostRoute(swInterface: SwInterface, address: Address): void {
  const table = tableOf(swInterface, address);
  const longest = maxPrefixLength(familyOf(address));
  const cover = table.lookup(address, longest - 1);
  if (cover === undefined || !cover.attached) return;
  const link = cover.resolvingInterface;
  if (link !== swInterface.swIfIndex && link !== swInterface.unnumberedTo?.swIfIndex) return;
  table.set(address, longest, "adj", [fibPath("next-hop", swInterface.swIfIndex, address)]);
}
