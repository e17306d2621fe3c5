// The interfaces of interconnects on VPP's side: memif, TAP, af_packet over a veth pair, or a TAP of linux-cp.
import type { DetailsOf, IfStatusFlags } from "../../binapi/index.js";
import { interfaceMacs } from "../../net/index.js";
import type { Seen, VppInterface } from "./facts.js";
import { type AfPacketInterface, afPacketVariant } from "./interface-af-packet.js";
import { type LcpInterface, lcpVariant } from "./interface-lcp.js";
import { type MemifInterface, memifVariant } from "./interface-memif.js";
import { type TapInterface, tapVariant } from "./interface-tap.js";
import type { Variant } from "./interface-variant.js";
import type { Part } from "./item.js";
import { type ActContext, interfaceKey, type Kind, type ReadContext } from "./kind.js";
import { explained } from "./refusal.js";
import { ALL_INTERFACES } from "./vpp-api.js";

export type InterconnectInterface = MemifInterface | TapInterface | AfPacketInterface | LcpInterface;

const variants: { [V in InterconnectInterface["via"]]: Variant<Extract<InterconnectInterface, { via: V }>> } = {
  memif: memifVariant,
  tap: tapVariant,
  af_packet: afPacketVariant,
  "linux-cp": lcpVariant,
};

function variantOf(value: InterconnectInterface): Variant<InterconnectInterface> {
  return variants[value.via] as Variant<InterconnectInterface>;
}

export function interfacePart(value: InterconnectInterface): Part<InterconnectInterface> {
  return { kind: "interface", key: interfaceKey(value.name), value };
}

/** Reads all interfaces of VPP, and ours among them as items. One reading gives both, because a variant knows only its own interfaces. */
export async function observeInterfaces(
  surroundings: ReadContext,
): Promise<{ interfaces: VppInterface[]; seen: Seen[] }> {
  const [details, ...found] = await Promise.all([
    surroundings.vpp.dumpAll("sw_interface_dump", ALL_INTERFACES),
    ...Object.values(variants).map((variant) => variant.observe(surroundings)),
  ]);
  const ours = new Map<number, Omit<InterconnectInterface, "name">>();
  for (const map of found) for (const [index, value] of map) ours.set(index, value);
  const macOf = interfaceMacs(details);
  const interfaces = details.map((detail) => interfaceOf(detail, macOf(detail), ours.has(detail.sw_if_index)));
  return {
    interfaces,
    seen: interfaces
      .filter((found) => found.ours)
      .map((found) => seenInterface(found, surroundings.claims, ours.get(found.swIfIndex)!)),
  };
}

function interfaceOf(detail: DetailsOf<"sw_interface_dump">, mac: string, ours: boolean): VppInterface {
  const { sw_if_index: swIfIndex, interface_name: vppName, tag } = detail;
  // An interface with our mark but without a tag was left half made. No interconnect has this id, so it will be deleted.
  const id = ours ? tag || `untagged-${vppName}` : vppName;
  return {
    swIfIndex,
    id,
    vppName,
    tag,
    mac,
    up: isUp(detail.flags),
    linkUp: isLinkUp(detail.flags),
    mtu: detail.mtu[0] || detail.link_mtu,
    ours,
    ...isSubOf(detail),
    ...softwareOf(detail),
  };
}

function isSubOf({ sw_if_index, sup_sw_if_index }: DetailsOf<"sw_interface_dump">): { isSub?: true } {
  return sw_if_index === sup_sw_if_index ? {} : { isSub: true };
}

/** By VPP's names of the kinds of interfaces. */
const SOFTWARE: Readonly<Record<string, NonNullable<VppInterface["software"]>>> = {
  bond: "bond",
  Loopback: "loopback",
  BVI: "loopback",
  "GRE tunnel device": "tunnel",
  "IPIP tunnel device": "tunnel",
  VXLAN: "tunnel",
};

function softwareOf({ interface_dev_type }: DetailsOf<"sw_interface_dump">): Pick<VppInterface, "software"> {
  const software = SOFTWARE[interface_dev_type];
  return software === undefined ? {} : { software };
}

/** Returns whether the flags of an interface contain the admin state "up". */
export function isUp(flags: readonly (IfStatusFlags | number)[]): boolean {
  return flags.includes("IF_STATUS_API_FLAG_ADMIN_UP");
}

/** Returns whether the flags of an interface contain the link state "up". */
export function isLinkUp(flags: readonly (IfStatusFlags | number)[]): boolean {
  return flags.includes("IF_STATUS_API_FLAG_LINK_UP");
}

function seenInterface(
  { id, swIfIndex, mac }: VppInterface,
  claims: ReadContext["claims"],
  found: Omit<InterconnectInterface, "name">,
): Seen<InterconnectInterface> {
  const value = { mac, ...found, name: id, secret: claims.get(interfaceKey(id)) } as InterconnectInterface;
  return { kind: "interface", key: interfaceKey(id), value, ours: true, index: swIfIndex };
}

/** The interface of an interconnect. `observeInterfaces` reads it, before all other kinds. */
export const interconnectInterface: Kind<InterconnectInterface> = {
  observe: async () => [],

  async create(context, value, key) {
    const variant = variantOf(value);
    const index = await variant.create(context, value).catch((error) => {
      throw explained(error, "punt.reconcile", /^VPP_SYSCALL_ERROR_\d+$/, variant.refusable(value));
    });
    context.made(key, index);
    await tag(context, index, value.name);
  },

  delete: (context, seen) => variantOf(seen.value).delete(context, seen),

  update: async (context, _seen, value) => variantOf(value).update?.(context, value),

  canUpdate: (seen, value) => seen.via === value.via && (variantOf(value).canUpdate?.(seen, value) ?? false),

  vppName: ({ name }) => name,

  claim: (value, marks) => variantOf(value).claim?.(value, marks),

  dependsOn: (value) => variantOf(value).dependsOn(value),
};

async function tag({ vpp }: ActContext, index: number, name: string): Promise<void> {
  await vpp.call("sw_interface_tag_add_del", { is_add: true, sw_if_index: index, tag: name });
}
