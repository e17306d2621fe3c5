// Subnets for interconnects that have addresses of their own: /30 out of an IPv4 network, /126 out of an IPv6 one.
import { PuntError } from "../../errors.js";
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

/** A network that subnets of four addresses are cut from. It holds no state: which ones are taken is the caller's to say. */
export class SubnetPool {
  readonly network: Prefix;
  /** How many subnets it has. */
  readonly size: number;

  /** @throws PuntError `ERR_INVALID_CIDR`: not a prefix of this family, or too small for one subnet. */
  constructor(cidr: string, family: Family) {
    const network = parsePrefix(cidr);
    if (network?.family !== family || widthOf(family) - network.length < HOST_BITS) {
      const longest = widthOf(family) - HOST_BITS;
      throw new PuntError(
        "punt.allocate",
        "ERR_INVALID_CIDR",
        `subnets.ipv${family}: ${cidr} is no IPv${family} network of /${longest} or shorter`,
      );
    }
    this.network = network;
    this.size = 2 ** Math.min(widthOf(family) - network.length - HOST_BITS, 30);
  }

  /** The subnet of that number, 0 to `size - 1`: the first host is VPP, the second the CNF. */
  subnet(index: number): Subnet {
    const base = (this.#first() >> BigInt(HOST_BITS)) + BigInt(index);
    return { vpp: this.#host(base, 1n), cnf: this.#host(base, 2n) };
  }

  /** The lowest number that is not taken. @throws PuntError `ERR_POOL_EXHAUSTED` */
  allocate(taken: ReadonlySet<number>): number {
    for (let index = 0; index < this.size; index++) if (!taken.has(index)) return index;
    const message = `all ${this.size} subnets of ${formatPrefix(this.network)} are in use`;
    throw new PuntError("punt.allocate", "ERR_POOL_EXHAUSTED", message, { network: formatPrefix(this.network) });
  }

  /** Whether these are the VPP and CNF addresses of one subnet of this pool: how an allocated pair is known again in VPP. */
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
