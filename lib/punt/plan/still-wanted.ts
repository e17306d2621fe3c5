// The desired state that changes while VPP is read.
import { idKey } from "../request/index.js";
import type { Plan } from "./plan.js";
import type { Wanted } from "./wanted.js";

/**
 * Returns the desired state of the time when the reading began, without punts that were deleted since: the facts that later requests need
 * were not read. A punt that got another request since keeps its objects until the next look, which finds the shared ones.
 */
export function stillWanted(before: Wanted, now: Wanted): Wanted {
  if (before === now) return now;
  return { ...before, punts: before.punts.filter((request) => now.requestOf(idKey(request)) !== undefined) };
}

/** Returns the plan without the punts that have another request since: their state is not known yet. */
export function withoutChanged(plan: Plan, wanted: Wanted, now: Wanted): Plan {
  if (wanted === now) return plan;
  const changed = new Set(wanted.punts.filter((request) => now.requestOf(idKey(request)) !== request).map(idKey));
  if (changed.size === 0) return plan;
  return { items: plan.items, kept: plan.kept, punts: new Map([...plan.punts].filter(([key]) => !changed.has(key))) };
}
