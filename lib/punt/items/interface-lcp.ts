// Interconnects that are TAPs of linux-cp.
import type { DetailsOf } from "../../binapi/index.js";
import type { PuntError } from "../../errors.js";
import type { Variant } from "./interface-variant.js";
import { type ActContext, interfaceKey, isClaimed } from "./kind.js";
import { ALL_INTERFACES, type VppApi } from "./vpp-api.js";

export interface LcpInterface {
  readonly via: "linux-cp";
  readonly name: string;
  /** The interface it is paired with. */
  readonly paired: string;
  readonly namespace: string;
}

/** Names of interconnects, which linux-cp gives to the TAPs that it makes for managers. */
const INTERCONNECT_NAME = /^tap-[a-zA-F]{5}$/;

/** A TAP that linux-cp makes and pairs with another interface. It bears no mark: the store says which ones are ours. */
export const lcpVariant: Variant<LcpInterface> = {
  async observe({ vpp, claims }) {
    if (!vpp.has("lcp_itf_pair_get")) return new Map();
    const ours = (await allPairs(vpp)).filter(
      ({ host_if_name: name }) => INTERCONNECT_NAME.test(name) && isClaimed(claims, interfaceKey(name)),
    );
    if (ours.length === 0) return new Map();
    const details = await vpp.dumpAll("sw_interface_dump", ALL_INTERFACES);
    const names = new Map(details.map((detail) => [detail.sw_if_index, detail.interface_name]));
    return new Map(ours.map((pair) => [pair.host_sw_if_index, pairOf(pair, names)]));
  },

  async create(context, value) {
    return (await set(context, value, true)).host_sw_if_index;
  },

  async delete(context, { value }) {
    await set(context, value, false);
  },

  claim: () => "",

  dependsOn: ({ paired }) => [interfaceKey(paired)],
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

/** VPP answers `lcp_itf_pair_get_v2` for all pairs under the id of another message, so the older one is asked; and none is an error. */
async function allPairs(vpp: VppApi): Promise<Pair[]> {
  try {
    return await vpp.dumpAll("lcp_itf_pair_get", {});
  } catch (error) {
    if ((error as PuntError).code === "VPP_INVALID_VALUE") return [];
    throw error;
  }
}

function pairOf(detail: Pair, names: ReadonlyMap<number, string>): LcpInterface {
  const paired = names.get(detail.phy_sw_if_index) ?? `?${detail.phy_sw_if_index}`;
  return { via: "linux-cp", paired, namespace: detail.netns } as LcpInterface;
}
