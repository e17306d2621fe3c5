// The plan: the items that VPP and Linux should have, and the steps that lead there. All of it is pure.

export { requireReady } from "./adopted.js";
export { dependentsIn, prerequisites, type Step, type StepAction } from "./diff.js";
export { DryRun, type PlannedPunt, type PlannedStep } from "./dry-run.js";
export { makePlan, type Plan, type PuntPlan } from "./plan.js";
export { dryRun } from "./planned.js";
export { Planner } from "./planner.js";
export { stillWanted, withoutChanged } from "./still-wanted.js";
export { type RestoredPunt, restoredBy, Undone } from "./undone.js";
export type { Wanted } from "./wanted.js";
