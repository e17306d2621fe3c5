// Subnets for interconnects with addresses of their own: /30 of an IPv4 network, /126 of an IPv6 network.
import { PuntError } from "../../errors.js";
import type { LowestFree } from "../../lowest-free.js";
import {
  contains,
  type Family,
  formatPrefix,
  fromNumber,
  type Prefix,
  parsePrefix,
  toNumber,
  widthOf,
} from "../../net/index.js";

/** Both ends of an allocated subnet, as addresses with prefix length. */
export interface Subnet {
  readonly vpp: string;
  readonly cnf: string;
}

const HOST_BITS = 2;

/** A network that is cut into subnets of four addresses. It has no state: the caller knows the subnets in use. */
export class SubnetPool {
  readonly network: Prefix;
  /** Number of subnets. */
  readonly size: number;

  /** @throws PuntError `ERR_INVALID_CIDR`: not a prefix of this family, or too small for one subnet */
  constructor(cidr: string, family: Family) {
    const network = parsePrefix(cidr);
    if (network?.family !== family || widthOf(family) - network.length < HOST_BITS) {
      const longest = widthOf(family) - HOST_BITS;
      const option = `subnets.ipv${family}`;
      const message = `${option}: ${cidr} is not an IPv${family} network of /${longest} or shorter`;
      throw new PuntError("punt.allocate", "ERR_INVALID_CIDR", message, { option });
    }
    this.network = network;
    this.size = 2 ** Math.min(widthOf(family) - network.length - HOST_BITS, 30);
  }

  /** Returns the subnet of a number from 0 to `size - 1`: the first host is VPP, the second the CNF. */
  subnet(index: number): Subnet {
    const base = (this.#first() >> BigInt(HOST_BITS)) + BigInt(index);
    return { vpp: this.#host(base, 1n), cnf: this.#host(base, 2n) };
  }

  /** Returns the lowest number that is not taken. @throws PuntError `ERR_POOL_EXHAUSTED`: all are taken */
  allocate(taken: LowestFree): number {
    const index = taken.lowest();
    if (index < this.size) return index;
    const message = `all ${this.size} subnets of ${formatPrefix(this.network)} are in use`;
    throw new PuntError("punt.allocate", "ERR_POOL_EXHAUSTED", message, { network: formatPrefix(this.network) });
  }

  /** Returns whether two addresses are VPP's and the CNF's in one subnet of this pool. Allocated pairs in VPP are recognized by that. */
  isPair(vpp: string, cnf: string): boolean {
    if (!contains(this.network, vpp) || !contains(this.network, cnf)) return false;
    const low = toNumber(vpp);
    return (low & 3n) === 1n && toNumber(cnf) === low + 1n;
  }

  #first(): bigint {
    const bits = BigInt(widthOf(this.network.family) - this.network.length);
    return (toNumber(this.network.address) >> bits) << bits;
  }

  #host(base: bigint, host: bigint): string {
    const address = fromNumber((base << BigInt(HOST_BITS)) | host, this.network.family);
    return `${address}/${widthOf(this.network.family) - HOST_BITS}`;
  }
}
