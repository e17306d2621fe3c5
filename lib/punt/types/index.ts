// The punt types.

export type { TypeContext } from "./handler.js";
export { usesLinuxCp } from "./isisx.js";
export { handlerOf } from "./types.js";
