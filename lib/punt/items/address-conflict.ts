// The interface whose address keeps another one away: VPP's answer names neither.
import { PuntError } from "../../errors.js";
import { contains, parsePrefix } from "../../net/index.js";
import { ALL_INTERFACES, type VppApi } from "./vpp-api.js";

/** VPP's answers for IPv4 and for IPv6. */
const TAKEN = /^VPP_(ADDRESS_IN_USE|DUPLICATE_IF_ADDRESS)$/;

/** An interface that has an address. */
export interface Holder {
  readonly index: number;
  readonly name: string;
  readonly prefix: string;
}

/** Returns whether VPP refuses an address as another interface has it, or one of the same subnet. */
export function isTaken(error: unknown): error is PuntError {
  return error instanceof PuntError && TAKEN.test(error.code);
}

/** Returns VPP's refusal of an address with the address, and with the interface of its VRF that keeps it away. */
export function conflictOf(error: PuntError, prefix: string, holder: Holder | undefined): PuntError {
  const message =
    holder === undefined ? `another interface of its VRF has ${prefix}, or its subnet` : textOf(prefix, holder);
  return new PuntError("punt.addresses", error.code, message, { ...error.details, prefix }, error);
}

function textOf(wanted: string, { name, prefix }: Holder): string {
  return prefix === wanted ? `${wanted} is on ${name} already` : `${wanted} is in one subnet with ${prefix} of ${name}`;
}

/** Returns the interface that keeps an address away from the one with the index; undefined if there is none. */
export async function holderOf(vpp: VppApi, index: number, prefix: string): Promise<Holder | undefined> {
  const is_ipv6 = prefix.includes(":");
  const tableOf = async (at: number) => (await vpp.call("sw_interface_get_table", { sw_if_index: at, is_ipv6 })).vrf_id;
  const own = await tableOf(index);
  for (const { sw_if_index, interface_name: name } of await vpp.dumpAll("sw_interface_dump", ALL_INTERFACES)) {
    if (sw_if_index === index) continue;
    const found = await vpp.dumpAll("ip_address_dump", { sw_if_index, is_ipv6 });
    const taken = found.find((detail) => isOverlap(detail.prefix, prefix));
    if (taken && (await tableOf(sw_if_index)) === own) return { index: sw_if_index, name, prefix: taken.prefix };
  }
  return undefined;
}

function isOverlap(one: string, other: string): boolean {
  const [a, b] = [parsePrefix(one), parsePrefix(other)];
  return a !== undefined && b !== undefined && (contains(a, b.address) || contains(b, a.address));
}
