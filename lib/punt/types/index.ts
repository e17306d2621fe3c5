// The punt types, and what each interconnect of them is made of.

export type { Caveat, ExclusiveKey, PortReach, Reach, TypeContext, TypeHandler } from "./handler.js";
export { addressesOf, cnfMac, interconnectParts, vppMac } from "./interconnect-parts.js";
export { movedProblem } from "./moved.js";
export { Pairs } from "./pairs.js";
export { type ReceivedFrame, STAGES, type Stage, type Taking } from "./taking.js";
export { addPuntType, caveatsOf, handlerOf, missingOf, reachOf, takingOf } from "./types.js";
