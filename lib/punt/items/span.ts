// Mirrors of interfaces.
import type { SpanState } from "../../binapi/index.js";
import type { Seen } from "./facts.js";
import type { Part } from "./item.js";
import { type ActContext, idAt, interfaceKey, isGone, isOnlyOurs, type Kind, type ObserveContext } from "./kind.js";

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

/** A mirror of an interface. It is ours if it goes to an interconnect, or did so while the interconnect was there. */
export const span: Kind<Span> = {
  async observe(context) {
    const dumps = await Promise.all(
      [false, true].map((l2) => context.vpp.dumpAll("sw_interface_span_dump", { is_l2: l2 })),
    );
    const found = await Promise.all(dumps.flat().map((detail) => seenSpan(context, detail)));
    return found.map((seen) => (seen.ours ? seen : (lost(context, seen, found) ?? seen)));
  },

  create: set,

  update: (context, _seen, value) => set(context, value),

  canUpdate: (seen, value) => seen.to === value.to,

  /** Both punts get the directions of either. */
  merge: (one, other) => (one.state === other.state ? one : { ...one, state: "SPAN_STATE_API_RX_TX" }),

  delete: (context, { value }) => set(context, { ...value, state: "SPAN_STATE_API_DISABLED" }),

  // VPP keeps the mirror of an interconnect that is gone, and would send the packets to the next interface with its index.
  claim: () => "",

  dependsOn: ({ from, to }) => [interfaceKey(from), interfaceKey(to)],
};

interface SpanDetail {
  readonly sw_if_index_from: number;
  readonly sw_if_index_to: number;
  readonly state: unknown;
  readonly is_l2: boolean;
}

interface SeenSpan extends Seen<Span> {
  /** Whether the interface that the packets go to is gone. */
  readonly isLost: boolean;
}

async function seenSpan(context: ObserveContext, detail: SpanDetail): Promise<SeenSpan> {
  const { sw_if_index_from: fromIndex, sw_if_index_to: toIndex, is_l2: l2 } = detail;
  const value = { from: idAt(context, fromIndex), to: idAt(context, toIndex), l2, state: detail.state as SpanState };
  return { ...spanPart(value), ours: isOnlyOurs(context, toIndex), isLost: await isGone(context, toIndex) };
}

/** Returns a mirror to an interface that is gone as the one of ours that is missing; undefined if none of that interface is missing. */
function lost({ claims }: ObserveContext, seen: SeenSpan, found: readonly SeenSpan[]): Seen<Span> | undefined {
  if (!seen.isLost) return undefined;
  const [begin, end] = keyOf({ ...seen.value, to: "\0" }).split("\0") as [string, string];
  const key = [...claims.keys()].find(
    (each) => each.startsWith(begin) && each.endsWith(end) && !found.some((other) => other.key === each),
  );
  return key === undefined ? undefined : { ...seen, key, ours: true };
}

async function set({ vpp, indexOf }: ActContext, { from, to, state, l2 }: Span): Promise<void> {
  const ends = { sw_if_index_from: indexOf(from), sw_if_index_to: indexOf(to) };
  await vpp.call("sw_interface_span_enable_disable", { ...ends, state, is_l2: l2 });
}
