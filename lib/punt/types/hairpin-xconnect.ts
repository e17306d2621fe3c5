// HAIRPIN_XCONNECT: the CNF is the wire between two interfaces.
import { interfaceLink } from "../interconnect/index.js";
import type { HairpinXconnectRequest } from "../request/index.js";
import { missingInterface } from "./dependencies.js";
import type { TypeHandler } from "./handler.js";
import { interfaceIn, interfaceSelector } from "./selectors.js";
import { otherInterface } from "./taking.js";
import { xconnectPair } from "./xconnect-pair.js";

/** Each of two interfaces is cross-connected with an interconnect of its own. The CNF is the wire between them. */
export const hairpinXconnect: TypeHandler<HairpinXconnectRequest> = {
  multiplexes: false,

  needs({ vppInterface1, vppInterface2, enableGso }) {
    const link = interfaceLink({ gso: enableGso });
    return [vppInterface1, vppInterface2].map((name) => ({ vppSelector: interfaceSelector(name), link }));
  },

  reach: ({ vppInterface1, vppInterface2 }) => ({ interfaces: [vppInterface1, vppInterface2] }),

  readsBridges: true,

  mtuFrom: (_request, selector) => interfaceIn(selector),

  takes({ vppInterface1, vppInterface2 }, frame, facts) {
    const ends = [vppInterface1, vppInterface2];
    const end = ends.find((name) => otherInterface(name, frame, facts) === undefined);
    if (end === undefined) return { stage: "wire", treatment: "passed", why: `the punt is on ${ends.join(" and ")}` };
    return { stage: "wire", treatment: "taken", why: `everything that ${end} receives goes to the CNF` };
  },

  missing: ({ vppInterface1, vppInterface2 }, facts) => [
    ...missingInterface(vppInterface1, facts),
    ...missingInterface(vppInterface2, facts),
  ],

  items({ vppInterface1, vppInterface2 }, [first, second], { facts }) {
    return [...xconnectPair(vppInterface1, first.name, facts), ...xconnectPair(vppInterface2, second.name, facts)];
  },
};
