// The policy: the rights of each caller.
export { matchesAny, type Resources } from "./judge.js";
export { Policy } from "./policy.js";
export { NOTHING, Resolver } from "./resources.js";
export type { Rights } from "./rights.js";
export { loadPolicy, type PolicyIssue, parsePolicy, type Rule } from "./schema.js";
