// MAC addresses for packets on their way out: known ones, and questions for the others.
import type { SwInterface } from "../interface/index.js";
import type { Resolver } from "../ip/index.js";
import type { Address } from "../vlib/index.js";
import type { Arp } from "./arp.js";
import type { NeighborDiscovery } from "./nd.js";
import type { Neighbors } from "./neighbors.js";

/** Resolves neighbors by ARP and by neighbor discovery. */
export class NeighborResolver implements Resolver {
  readonly #neighbors: Neighbors;
  readonly #arp: Arp;
  readonly #nd: NeighborDiscovery;

  constructor(neighbors: Neighbors, arp: Arp, nd: NeighborDiscovery) {
    this.#neighbors = neighbors;
    this.#arp = arp;
    this.#nd = nd;
  }

  resolve(swInterface: SwInterface, neighbor: Address): Uint8Array | undefined {
    const known = this.#neighbors.find(swInterface.swIfIndex, neighbor);
    if (known !== undefined) return known.mac;
    if (typeof neighbor === "number") this.#arp.request(swInterface, neighbor);
    else this.#nd.solicit(swInterface, neighbor);
    return undefined;
  }
}
