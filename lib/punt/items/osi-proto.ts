// OSI protocols that linux-cp passes to paired interfaces.
import type { Part } from "./item.js";
import type { Kind } from "./kind.js";

/** The OSI network layer protocol id of IS-IS. */
const ISIS = 0x83;

interface OsiProto {
  readonly proto: number;
}

function keyOf(proto: number): string {
  return `osi-proto/${proto}`;
}

export function osiProtoPart(): Part<OsiProto> {
  return { kind: "osi-proto", key: keyOf(ISIS), value: { proto: ISIS } };
}

/** A protocol that linux-cp passes to paired interfaces. VPP has a message to begin, and none to stop. */
export const osiProto: Kind<OsiProto> = {
  attribute: true,

  async observe({ vpp }) {
    if (!vpp.has("lcp_osi_proto_get")) return [];
    const { osi_protos } = await vpp.call("lcp_osi_proto_get", {});
    return [...(osi_protos as Iterable<number>)].map((proto) => ({
      kind: "osi-proto",
      key: keyOf(proto),
      value: { proto },
      ours: true,
    }));
  },

  async create({ vpp }, { proto }) {
    await vpp.call("lcp_osi_proto_enable", { osi_proto: proto });
  },

  async delete() {},

  dependsOn: () => [],
};
