// Interconnects that are TAPs.
import type { DetailsOf, RequestOf } from "../../binapi/index.js";
import { macAddress } from "../interconnect/index.js";
import type { Variant } from "./interface-variant.js";
import { interfaceKey, type ReadContext } from "./kind.js";
import { tapRefusable } from "./refusal.js";
import { ALL_INTERFACES, NO_INDEX } from "./vpp-api.js";
import { makeIn, moveFromVpp, satisfiesMoved, whereabouts } from "./ways.js";

export interface TapInterface {
  readonly via: "tap";
  readonly name: string;
  readonly mac: string;
  readonly cnfMac: string;
  /** Path of the CNF's namespace; "" for the manager's own. */
  readonly namespace: string;
  readonly gso: boolean;
}

/** `host_namespace` is `string[64]`, with a NUL. */
const LONGEST_NAMESPACE = 63;

/** A TAP. It is ours if its MAC address on the CNF's side follows from our owner and its name, or the store claims it. */
export const tapVariant: Variant<TapInterface> = {
  async observe(context) {
    const { vpp, marks, claims } = context;
    if (!vpp.has("sw_interface_tap_v2_dump")) return new Map();
    const nameOf = await adoptedNames(context);
    const all = (await vpp.dumpAll("sw_interface_tap_v2_dump", { sw_if_index: NO_INDEX })).map((detail) =>
      asAdopted(detail, nameOf(detail.sw_if_index), claims),
    );
    const isOurs = (name: string, mac: string) =>
      mac === macAddress(marks.seed + name, "cnf") || claims.get(interfaceKey(name))?.split(" ").at(-1) === mac;
    const ours = all.filter((detail) => isOurs(detail.host_if_name, detail.host_mac_addr));
    const whereIs = await whereabouts(context, new Set(ours.map((detail) => detail.host_if_name)));
    return new Map(
      ours.map((detail) => [detail.sw_if_index, tapOf(detail, whereIs(detail.host_if_name, detail.host_namespace))]),
    );
  },

  create: (context, value) =>
    makeIn(context, value, LONGEST_NAMESPACE, async (namespace) => {
      const reply = await context.vpp.call("tap_create_v3", tapFields({ ...value, namespace }));
      return reply.sw_if_index;
    }),

  update: (context, { name, namespace }) => moveFromVpp(context, name, namespace),

  canUpdate: satisfiesMoved,

  async delete({ vpp }, { index }) {
    await vpp.call("tap_delete_v2", { sw_if_index: index! });
  },

  // Another MAC address, such as StoneWork's, does not say whose the TAP is.
  claim: ({ name, cnfMac }, { seed }) => (cnfMac === macAddress(seed + name, "cnf") ? undefined : cnfMac),

  dependsOn: () => [],

  refusable: tapRefusable,
};

/** Returns the claim on a TAP that another manager made: the MAC address that VPP reports, and the address on the CNF's side. */
export function adoptedTap(reported: string, cnfMac: string): string {
  return `${reported} ${cnfMac}`;
}

const ADOPTED = /^(\S+) (\S+)$/;

/** Returns a function that finds the tag of an interface, if any TAP was taken over: others have their names in Linux as tags. */
async function adoptedNames({ vpp, claims }: ReadContext): Promise<(index: number) => string | undefined> {
  if (![...claims].some(([key, claim]) => key.startsWith(interfaceKey("")) && ADOPTED.test(claim)))
    return () => undefined;
  const details = await vpp.dumpAll("sw_interface_dump", ALL_INTERFACES);
  const tags = new Map(details.map((detail) => [detail.sw_if_index, detail.tag]));
  return (index) => tags.get(index);
}

type TapDetail = DetailsOf<"sw_interface_tap_v2_dump">;

/**
 * Returns a TAP that was taken over as it is in Linux. VPP reports the name, the MAC address and the namespace with which it began; the
 * other manager renamed and moved it since.
 */
function asAdopted(detail: TapDetail, name: string | undefined, claims: ReadContext["claims"]): TapDetail {
  const claim = ADOPTED.exec((name !== undefined && claims.get(interfaceKey(name))) || "");
  if (claim?.[1] !== detail.host_mac_addr) return detail;
  return { ...detail, host_if_name: name!, host_mac_addr: claim[2]! };
}

function tapOf(detail: DetailsOf<"sw_interface_tap_v2_dump">, namespace: string): Omit<TapInterface, "name"> {
  const gso = detail.tap_flags.includes("TAP_API_FLAG_GSO");
  return { via: "tap", cnfMac: detail.host_mac_addr, namespace, gso } as Omit<TapInterface, "name">;
}

const baseFields = {
  id: NO_INDEX,
  use_random_mac: false,
  num_rx_queues: 1,
  num_tx_queues: 1,
  tx_ring_sz: 256,
  rx_ring_sz: 256,
  host_mtu_set: false,
  host_mtu_size: 0,
  host_ip4_prefix_set: false,
  host_ip4_prefix: "0.0.0.0/0",
  host_ip6_prefix_set: false,
  host_ip6_prefix: "::/0",
  host_ip4_gw_set: false,
  host_ip4_gw: "0.0.0.0",
  host_ip6_gw_set: false,
  host_ip6_gw: "::",
  host_bridge_set: false,
  host_bridge: "",
};

/** Returns the request for a TAP. */
export function tapFields({
  name,
  mac,
  cnfMac,
  namespace,
  gso,
}: Omit<TapInterface, "via">): RequestOf<"tap_create_v3"> {
  return {
    ...baseFields,
    mac_address: mac,
    host_mac_addr_set: true,
    host_mac_addr: cnfMac,
    tap_flags: gso ? ["TAP_API_FLAG_GSO"] : [],
    host_namespace_set: namespace !== "",
    host_namespace: namespace,
    host_if_name_set: true,
    host_if_name: name,
    tag: name,
  };
}
