// SPAN: a copy of the packets of an interface.
import type { SpanState } from "../../binapi/index.js";
import { interfaceLink } from "../interconnect/index.js";
import type { Facts, VppInterface } from "../items/index.js";
import { spanPart, xconnectKey } from "../items/index.js";
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

  readsBridges: true,

  mtuFrom: ({ vppInterface }) => vppInterface,

  missing: ({ vppInterface }, facts) => missingInterface(vppInterface, facts),

  items({ vppInterface, direction }, [interconnect], { facts }) {
    const found = facts.interface(vppInterface)!;
    const l2 = isLayer2(found, facts);
    return [spanPart({ from: found.id, to: interconnect.name, state: states[direction], l2 })];
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
  const found = facts.interface(vppInterface);
  return direction !== "tx" && found?.isSub === true && !isLayer2(found, facts);
}

/** VPP mirrors an interface in L2 mode on the L2 path, and any other at the device. Our own cross-connects do not change that level. */
function isLayer2({ id, vppName }: VppInterface, { seen, bridged }: Facts): boolean {
  if (bridged?.has(vppName)) return true;
  const xconnect = seen.get(xconnectKey(id));
  return xconnect !== undefined && !xconnect.ours;
}
