// The subnets of a table's interfaces, to find overlaps.
import type { SwInterface } from "../interface/index.js";
import { type Address, maskAddress } from "../vlib/index.js";

interface Subnet {
  owner: SwInterface;
  addresses: Set<Address>;
}

/** The subnets of one table's interfaces, to find overlaps without a walk over all interfaces. */
export class Subnets {
  readonly #byLength = new Map<number, Map<Address, Subnet>>();

  add(owner: SwInterface, address: Address, length: number): void {
    const nets = this.#byLength.get(length) ?? new Map<Address, Subnet>();
    this.#byLength.set(length, nets);
    const network = maskAddress(address, length);
    const subnet = nets.get(network) ?? { owner, addresses: new Set() };
    subnet.addresses.add(address);
    nets.set(network, subnet);
  }

  remove(address: Address, length: number): void {
    const nets = this.#byLength.get(length);
    const network = maskAddress(address, length);
    const subnet = nets?.get(network);
    subnet?.addresses.delete(address);
    if (subnet?.addresses.size === 0) nets!.delete(network);
    if (nets?.size === 0) this.#byLength.delete(length);
  }

  /** Returns the interface whose subnet overlaps. Several addresses of one subnet on one interface do not overlap. */
  conflict(swInterface: SwInterface, address: Address, length: number): SwInterface | undefined {
    for (const [known, nets] of this.#byLength) {
      if (known > length) {
        const inside = covered(nets, address, length);
        if (inside !== undefined) return inside;
        continue;
      }
      const subnet = nets.get(maskAddress(address, known));
      if (subnet === undefined) continue;
      const sibling = known === length && subnet.owner === swInterface && !subnet.addresses.has(address);
      if (!sibling) return subnet.owner;
    }
    return undefined;
  }
}

function covered(nets: Map<Address, Subnet>, address: Address, length: number): SwInterface | undefined {
  const wanted = maskAddress(address, length);
  for (const [network, { owner }] of nets) if (maskAddress(network, length) === wanted) return owner;
  return undefined;
}
