// SPAN: a copy of the packets of an interface.
import type { SpanState } from "../../binapi/index.js";
import { interfaceLink } from "../interconnect/index.js";
import type { Facts } from "../items/index.js";
import { spanPart } from "../items/index.js";
import type { SpanRequest } from "../request/index.js";
import { missingInterface } from "./dependencies.js";
import type { TypeHandler } from "./handler.js";
import { spanSelector } from "./selectors.js";
import { otherInterface, type ReceivedFrame, type Taking } from "./taking.js";

const states: Record<SpanRequest["direction"], SpanState> = {
  rx: "SPAN_STATE_API_RX",
  tx: "SPAN_STATE_API_TX",
  both: "SPAN_STATE_API_RX_TX",
};

/** A copy of the packets that an interface receives, sends, or both. */
export const span: TypeHandler<SpanRequest> = {
  multiplexes: true,

  needs: ({ vppInterface, enableGso }) => [
    { vppSelector: spanSelector(vppInterface), link: interfaceLink({ gso: enableGso }) },
  ],

  reach: ({ vppInterface }) => ({ interfaces: [vppInterface] }),

  mtuFrom: ({ vppInterface }) => vppInterface,

  missing: ({ vppInterface }, facts) => missingInterface(vppInterface, facts),

  items({ vppInterface, direction }, [interconnect], { facts }) {
    const from = facts.interface(vppInterface)!.id;
    // On the L2 path VPP drops the copies for an interface that is not in L2 mode, as interconnects are not. At the device it mirrors an
    // interface in every mode.
    return [spanPart({ from, to: interconnect.name, state: states[direction], l2: false })];
  },

  takes: (request, frame, facts) => ({ stage: "device", ...mirrored(request, frame, facts) }),

  caveats(request, facts) {
    const blind = blindness(request, facts);
    if (blind === undefined) return [];
    const { code, lacks, remedy } = BLIND[blind];
    const text = `VPP mirrors the packets that a device receives, and ${request.vppInterface} is a ${blind}: ${lacks}`;
    return [{ code, text, remedy, degrades: true }];
  },
};

const NOTHING = "nothing that it receives is mirrored";

/** Interfaces that receive their packets from others. */
const BLIND = {
  "sub-interface": { code: "SUB_INTERFACE", lacks: NOTHING, remedy: "mirror the parent interface" },
  // VPP looks for the feature at the member, and for its settings at the bond.
  bond: {
    code: "NO_DEVICE",
    lacks: "what it receives is mirrored only while SPAN punts mirror its members too",
    remedy: "mirror each of its members with a punt of its own: this punt gets their packets",
  },
  loopback: { code: "NO_DEVICE", lacks: NOTHING, remedy: "mirror the interfaces whose packets come to it" },
  tunnel: { code: "NO_DEVICE", lacks: NOTHING, remedy: "mirror the interface that receives the tunnel's packets" },
} as const;

function mirrored(request: SpanRequest, frame: ReceivedFrame, facts: Facts): Omit<Taking, "stage"> {
  const { vppInterface, direction } = request;
  const other = otherInterface(vppInterface, frame, facts);
  if (other !== undefined) return { treatment: "passed", why: other };
  const blind = blindness(request, facts);
  if (blind !== undefined) return { treatment: "passed", why: `VPP mirrors at the device, not at a ${blind}` };
  if (direction === "tx")
    return { treatment: "passed", why: `the punt mirrors what ${vppInterface} sends (direction tx)` };
  return { treatment: "copy", why: `the punt mirrors everything that ${vppInterface} receives` };
}

/** VPP mirrors received packets at the device, where the packets of a sub-interface belong to its parent. */
function blindness({ vppInterface, direction }: SpanRequest, facts: Facts): keyof typeof BLIND | undefined {
  if (direction === "tx") return undefined;
  const from = facts.interface(vppInterface);
  return from?.isSub ? "sub-interface" : from?.software;
}
