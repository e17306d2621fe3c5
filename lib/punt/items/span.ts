// Mirrors of interfaces.
import type { SpanState } from "../../binapi/index.js";
import type { Part } from "./item.js";
import { type ActContext, idAt, interfaceKey, isOnlyOurs, type Kind } from "./kind.js";

interface Span {
  readonly from: string;
  readonly to: string;
  readonly state: SpanState;
  /** Whether VPP mirrors on the L2 path instead of at the device. */
  readonly l2: boolean;
}

function keyOf({ from, to, l2 }: Omit<Span, "state">): string {
  return `span/${from}/${to}/${l2 ? "l2" : "device"}`;
}

export function spanPart(value: Span): Part<Span> {
  return { kind: "span", key: keyOf(value), value };
}

/** A mirror of an interface. It is ours if it goes to an interconnect. */
export const span: Kind<Span> = {
  async observe(context) {
    const dumps = await Promise.all(
      [false, true].map((l2) => context.vpp.dumpAll("sw_interface_span_dump", { is_l2: l2 })),
    );
    return dumps.flat().map((detail) => {
      const ends = {
        from: idAt(context, detail.sw_if_index_from),
        to: idAt(context, detail.sw_if_index_to),
        l2: detail.is_l2,
      };
      return {
        kind: "span",
        key: keyOf(ends),
        value: { ...ends, state: detail.state as SpanState },
        ours: isOnlyOurs(context, detail.sw_if_index_to),
      };
    });
  },

  create: set,

  update: (context, _seen, value) => set(context, value),

  canUpdate: () => true,

  /** Both punts get the directions of either. */
  merge: (one, other) => (one.state === other.state ? one : { ...one, state: "SPAN_STATE_API_RX_TX" }),

  delete: (context, { value }) => set(context, { ...value, state: "SPAN_STATE_API_DISABLED" }),

  dependsOn: ({ from, to }) => [interfaceKey(from), interfaceKey(to)],
};

async function set({ vpp, indexOf }: ActContext, { from, to, state, l2 }: Span): Promise<void> {
  const ends = { sw_if_index_from: indexOf(from), sw_if_index_to: indexOf(to) };
  await vpp.call("sw_interface_span_enable_disable", { ...ends, state, is_l2: l2 });
}
