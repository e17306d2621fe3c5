// The desired state, and the state of each punt.

export { ChangeLog } from "./change-log.js";
export { DesiredState } from "./desired-state.js";
export { NOTHING } from "./draft.js";
export type { Entry } from "./entry.js";
