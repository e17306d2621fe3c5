// The items of punts that are deleted before this process has planned them: a delete waits until none of them is left.
import type { Plan, PuntPlan, Wanted } from "../plan/index.js";
import { idKey } from "../request/index.js";
import type { Entry } from "./entry.js";
import { inStoredNames, selectorsOf } from "./interface-names.js";

/** Returns whether an entry knows the interconnects that its request needs. */
export function hasInterconnects({ request, interconnects }: Entry): boolean {
  const needs = selectorsOf(inStoredNames(request, interconnects));
  const known = new Set(interconnects.map(({ vppSelector }) => vppSelector));
  return needs.length === known.size && needs.every((selector) => known.has(selector));
}

/** Returns the desired state with the entries. They come first, because a new punt may want their objects. */
export function withEntries(wanted: Wanted, entries: readonly Entry[]): Wanted {
  const added = new Map(entries.map((entry) => [entry.key, entry]));
  return {
    ...wanted,
    punts: [...entries.map(({ request }) => request), ...wanted.punts.filter((request) => !added.has(idKey(request)))],
    interconnects: [...entries.flatMap(({ interconnects }) => interconnects), ...wanted.interconnects],
    interconnectsOf: (id) => added.get(idKey(id))?.interconnects ?? wanted.interconnectsOf(id),
    requestOf: (key) => added.get(key)?.request ?? wanted.requestOf(key),
  };
}

/** Gives the entries their items of a plan that has them. A punt that waits for something has not all of them in it. */
export function learnItems(entries: readonly Entry[], plan: Plan | undefined): void {
  for (const entry of entries) {
    const punt = plan?.punts.get(entry.key);
    if (punt?.state === "ready") entry.learn(punt.items, plan!);
  }
}

/** Returns the keys of a punt's items, made or kept. */
export function itemsOf(plan: PuntPlan): readonly string[] {
  return plan.state === "ready" ? plan.items : plan.kept;
}
