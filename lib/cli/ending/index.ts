// How a command ends: exit statuses, errors as text, signals and time limits.

export { after, within } from "./deadline.js";
export { type Ending, interrupted, interruption } from "./ending.js";
export { EXIT_STATUSES, errorObject, errorText, exitWith, fail, failUsage } from "./exit.js";
export { remedyFor } from "./remedies.js";
