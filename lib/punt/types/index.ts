// The punt types, and what each interconnect of them is made of.

export type { Caveat, ExclusiveKey, PortReach, Reach, TypeContext, TypeHandler } from "./handler.js";
export { addressesOf, cnfMac, interconnectParts, vppMac } from "./interconnect-parts.js";
export { Pairs } from "./pairs.js";
export { addPuntType, caveatsOf, handlerOf, missingOf, reachOf } from "./types.js";
