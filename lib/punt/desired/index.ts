// The punts that are wanted, and what became of them.

export { guarded } from "./change-log.js";
export { DesiredState } from "./desired-state.js";
export type { Entry } from "./entry.js";
