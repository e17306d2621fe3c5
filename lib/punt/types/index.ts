// The punt types.

export type { Caveat, Claim, TypeContext, TypeHandler } from "./handler.js";
export { caveatsOf, handlerOf, missingOf } from "./types.js";
