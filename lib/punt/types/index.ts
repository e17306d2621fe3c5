// The punt types.

export type { Caveat, TypeContext, TypeHandler } from "./handler.js";
export { caveatsOf, handlerOf } from "./types.js";
