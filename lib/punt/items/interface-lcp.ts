// Interconnects that are TAPs of linux-cp.
import type { DetailsOf } from "../../binapi/index.js";
import type { PuntError } from "../../errors.js";
import type { Variant } from "./interface-variant.js";
import { type ActContext, interfaceKey, isClaimed } from "./kind.js";
import { tapRefusable } from "./refusal.js";
import { ALL_INTERFACES, type VppApi } from "./vpp-api.js";
import { makeIn, moveFromVpp, satisfiesMoved, whereabouts } from "./ways.js";

export interface LcpInterface {
  readonly via: "linux-cp";
  readonly name: string;
  /** The interface that it is paired with. */
  readonly paired: string;
  readonly namespace: string;
}

/** The names of interconnects. A TAP that linux-cp creates for a manager has such a name. */
const INTERCONNECT_NAME = /^tap-[a-zA-F]{5}$/;

/** `netns` is `string[32]`, with a NUL. */
const LONGEST_NAMESPACE = 31;

/** A TAP that linux-cp creates and pairs with another interface. It carries no mark, so the store claims ours. */
export const lcpVariant: Variant<LcpInterface> = {
  async observe(context) {
    const { vpp, claims } = context;
    if (!vpp.has("lcp_itf_pair_get")) return new Map();
    const ours = (await allPairs(vpp)).filter(
      ({ host_if_name: name }) => INTERCONNECT_NAME.test(name) && isClaimed(claims, interfaceKey(name)),
    );
    if (ours.length === 0) return new Map();
    const details = await vpp.dumpAll("sw_interface_dump", ALL_INTERFACES);
    const names = new Map(details.map((detail) => [detail.sw_if_index, detail.interface_name]));
    const whereIs = await whereabouts(context, new Set(ours.map((pair) => pair.host_if_name)));
    return new Map(
      ours.map((pair) => [pair.host_sw_if_index, pairOf(pair, names, whereIs(pair.host_if_name, pair.netns))]),
    );
  },

  create: (context, value) =>
    makeIn(context, value, LONGEST_NAMESPACE, async (namespace) => {
      return (await set(context, { ...value, namespace }, true)).host_sw_if_index;
    }),

  update: (context, { name, namespace }) => moveFromVpp(context, name, namespace),

  canUpdate: satisfiesMoved,

  async delete(context, { value }) {
    await set(context, value, false);
  },

  claim: () => "",

  dependsOn: ({ paired }) => [interfaceKey(paired)],

  refusable: tapRefusable,
};

function set({ vpp, indexOf }: ActContext, { name, paired, namespace }: LcpInterface, isAdd: boolean) {
  return vpp.call("lcp_itf_pair_add_del_v3", {
    is_add: isAdd,
    sw_if_index: indexOf(paired),
    host_if_name: name,
    host_if_type: "LCP_API_ITF_HOST_TAP",
    netns: namespace,
  });
}

type Pair = DetailsOf<"lcp_itf_pair_get">;

/** VPP answers `lcp_itf_pair_get_v2` for all pairs with the id of another message, so we send the older version. No pair is an error to it. */
async function allPairs(vpp: VppApi): Promise<Pair[]> {
  try {
    return await vpp.dumpAll("lcp_itf_pair_get", {});
  } catch (error) {
    if ((error as PuntError).code === "VPP_INVALID_VALUE") return [];
    throw error;
  }
}

function pairOf(detail: Pair, names: ReadonlyMap<number, string>, namespace: string): LcpInterface {
  const paired = names.get(detail.phy_sw_if_index) ?? `?${detail.phy_sw_if_index}`;
  return { via: "linux-cp", paired, namespace } as LcpInterface;
}
