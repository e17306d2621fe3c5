// Finds the objects of StoneWork, or of an earlier run of ours, that punts want: the claims that make them ours, and what ours replace.
import { type Marks, macAddress, STONEWORK_ACL, STONEWORK_POLICIES } from "../interconnect/index.js";
import { aclKey } from "./acl.js";
import type { Facts, Seen } from "./facts.js";
import { adoptedTap } from "./interface-tap.js";
import { type Item, satisfies } from "./item.js";
import { interfaceKey } from "./kind.js";
import { kindOf } from "./kinds.js";
import { NO_INDEX, type VppApi } from "./vpp-api.js";

/** An object in VPP that becomes ours by a claim in the store. */
export interface Take {
  readonly key: string;
  readonly claim: string;
  /** The facts that tell that it was made for this purpose. */
  readonly known: string;
}

/** MAC addresses of the CNFs' sides of all TAPs as VPP reports them, by the index of the interface. */
export type TapMacs = ReadonlyMap<number, string>;

export async function readTapMacs(vpp: VppApi): Promise<TapMacs> {
  if (!vpp.has("sw_interface_tap_v2_dump")) return new Map();
  const taps = await vpp.dumpAll("sw_interface_tap_v2_dump", { sw_if_index: NO_INDEX });
  return new Map(taps.map((tap) => [tap.sw_if_index, tap.host_mac_addr]));
}

/** Returns what can be taken for the items. */
export function takesFor(items: Iterable<Item>, facts: Facts, marks: Marks, taps: TapMacs): Take[] {
  return [...items].flatMap((item) => {
    const seen = facts.seen.get(item.key);
    const isInterface = item.kind === "interface";
    const take = isInterface ? takeInterface(item, seen, facts, taps) : takeEqual(item, seen, marks);
    return take ?? [];
  });
}

/** Takes an equal object, of a kind that only the store tells from those of others. */
function takeEqual(item: Item, seen: Seen | undefined, marks: Marks): Take | undefined {
  if (!seen || seen.ours || !satisfies(seen.value, item.value)) return undefined;
  const claim = kindOf(item).claim?.(seen.value, marks);
  return claim === undefined ? undefined : { key: item.key, claim, known: JSON.stringify(seen.value) };
}

function takeInterface(item: Item, seen: Seen | undefined, facts: Facts, taps: TapMacs): Take | undefined {
  return takeTap(item.value as TapValue, facts, taps) ?? takeMemif(item, seen);
}

interface TapValue {
  readonly via: string;
  readonly name: string;
  readonly mac: string;
  readonly cnfMac: string;
}

/**
 * StoneWork tags a TAP with the name that follows from the punt, and VPP's side has the MAC address that follows from the name. The MAC
 * address that VPP reports of the CNF's side is the random address that the TAP had at first.
 */
function takeTap({ via, name, mac, cnfMac }: TapValue, { interfaces }: Facts, taps: TapMacs): Take | undefined {
  const [rival, ...others] = interfaces.filter(({ ours, tag }) => !ours && tag === name);
  const reported = rival && taps.get(rival.swIfIndex);
  if (via !== "tap" || reported === undefined || others.length > 0 || rival!.mac !== mac) return undefined;
  // Another owner of ours would have made it with this MAC address.
  if (reported === macAddress(name, "cnf")) return undefined;
  return {
    key: interfaceKey(name),
    claim: adoptedTap(reported, cnfMac),
    known: `${rival!.vppName} with tag ${name} and MAC address ${mac}`,
  };
}

interface MemifValue {
  readonly via: string;
  readonly socket: string;
  readonly secret?: string;
}

/** A memif in our folder is ours already. VPP does not report its secret: the claim says that the punt's secret is the right one. */
function takeMemif({ key, value }: Item, seen: Seen | undefined): Take | undefined {
  const { via, socket, secret } = value as MemifValue;
  if (via !== "memif" || secret === undefined || !seen) return undefined;
  if ((seen.value as MemifValue).secret !== undefined || !satisfies({ ...seen.value, secret }, value)) return undefined;
  return { key, claim: secret, known: `socket ${socket}` };
}

interface PolicyValue {
  readonly policy: number;
  readonly acl: string;
}

/**
 * Returns StoneWork's ABX at the interconnects of those names: policies, their attachments and ACLs, as if they were ours. After an
 * interruption an ACL may be left without its policy, and a policy without its attachment.
 */
export function outgrown(facts: Facts, names: ReadonlySet<string>): Seen[] {
  const foreign = [...facts.seen.values()].filter(({ ours }) => !ours);
  const policies = foreign.filter(({ kind, value }) => {
    const { policy, acl } = value as PolicyValue;
    return kind === "abx-policy" && policy >>> 24 === STONEWORK_POLICIES && isBetween(acl, names);
  });
  const ids = new Set(policies.map(({ value }) => (value as PolicyValue).policy));
  const attaches = foreign.filter(({ kind, value }) => kind === "abx-attach" && ids.has((value as PolicyValue).policy));
  const acls = foreign.filter(({ kind, value }) => kind === "acl" && isBetween((value as AclValue).tag, names));
  return [
    ...attaches,
    ...policies,
    ...acls.map((seen) => ({ ...seen, key: aclKey((seen.value as AclValue).tag) })),
  ].map((seen) => ({ ...seen, ours: true }));
}

interface AclValue {
  readonly tag: string;
}

/** Whether an ACL is StoneWork's, for packets between one of the interconnects and another interface. */
function isBetween(tag: string, names: ReadonlySet<string>): boolean {
  if (!tag.startsWith(STONEWORK_ACL)) return false;
  const path = tag.slice(STONEWORK_ACL.length);
  return [...names].some((name) => path.startsWith(`${name}/to/`) || path.endsWith(`/to/${name}`));
}
