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
    if (!isBlind(request, facts)) return [];
    const { vppInterface } = request;
    const text = `VPP mirrors the packets that a device receives, and ${vppInterface} is a sub-interface: nothing that it receives is mirrored`;
    return [{ code: "SUB_INTERFACE", text, remedy: "mirror the parent interface", degrades: true }];
  },
};

function mirrored(request: SpanRequest, frame: ReceivedFrame, facts: Facts): Omit<Taking, "stage"> {
  const { vppInterface, direction } = request;
  const other = otherInterface(vppInterface, frame, facts);
  if (other !== undefined) return { treatment: "passed", why: other };
  if (isBlind(request, facts)) return { treatment: "passed", why: "VPP mirrors at the device, not at sub-interfaces" };
  if (direction === "tx")
    return { treatment: "passed", why: `the punt mirrors what ${vppInterface} sends (direction tx)` };
  return { treatment: "copy", why: `the punt mirrors everything that ${vppInterface} receives` };
}

/** VPP mirrors received packets at the device, where the packets of a sub-interface belong to its parent. */
function isBlind({ vppInterface, direction }: SpanRequest, facts: Facts): boolean {
  return direction !== "tx" && facts.interface(vppInterface)?.isSub === true;
}
