// Compares the facts with the plan: the steps between them, each with its reason. Pure.
import type { Facts, Seen } from "../items/index.js";
import { differences, type Item, interfaceKey, kindOf, satisfies } from "../items/index.js";
import type { Plan } from "./plan.js";

export type StepAction = "create" | "update" | "replace" | "delete";

export interface Step {
  readonly action: StepAction;
  readonly key: string;
  /** The wanted item. Absent in a "delete". */
  readonly item?: Item;
  /** The object that exists. Absent in a "create". */
  readonly seen?: Seen;
  readonly why: string;
}

/** Returns the steps from the facts to the plan, in no particular order. Objects that `spares` names stay, although the plan lacks them. */
export function stepsFor(plan: Plan, facts: Facts, spares: (seen: Seen) => boolean = () => false): Step[] {
  const steps = new Map<string, Step>();
  for (const item of plan.items.values()) addStep(steps, wantedStep(item, facts.seen.get(item.key)));
  for (const seen of facts.seen.values())
    if (!plan.items.has(seen.key) && !plan.kept.has(seen.key) && !spares(seen)) addStep(steps, leftoverStep(seen));
  rebuildDependents(steps, plan, facts);
  return [...steps.values()];
}

function addStep(steps: Map<string, Step>, step: Step | undefined): void {
  if (step) steps.set(step.key, step);
}

function wantedStep(item: Item, seen: Seen | undefined): Step | undefined {
  if (!seen) return { action: "create", key: item.key, item, why: "wanted, and not there" };
  if (satisfies(seen.value, item.value)) return undefined;
  const action = kindOf(item).canUpdate?.(seen.value, item.value) ? "update" : "replace";
  return { action, key: item.key, item, seen, why: differences(seen.value, item.value).join(", ") };
}

function leftoverStep(seen: Seen): Step | undefined {
  if (!seen.ours || kindOf(seen).attribute || kindOf(seen).stays?.(seen.value)) return undefined;
  return { action: "delete", key: seen.key, seen, why: "ours, and no punt wants it" };
}

/** An object that goes takes its dependents along, and so does an object that must come first. If a plan still wants a dependent, it is created again. */
function rebuildDependents(steps: Map<string, Step>, plan: Plan, facts: Facts): void {
  const reborn = facts.interfaces.filter(({ swIfIndex, ours }) => !ours && facts.reborn?.has(swIfIndex));
  const queue = [...steps.values()].filter((step) => removes(step) || comesFirst(step)).map((step) => step.key);
  queue.push(...reborn.map(({ id }) => interfaceKey(id)));
  if (queue.length === 0) return;
  const dependents = dependentsIn(facts);
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    for (const seen of dependents.get(key) ?? []) {
      if (removes(steps.get(seen.key))) continue;
      const step = rebuildStep(seen, plan.items.get(seen.key), whyRebuilt(key, steps.get(key)));
      if (!step) continue;
      steps.set(seen.key, step);
      queue.push(seen.key);
    }
  }
}

function removes(step: Step | undefined): boolean {
  return step?.action === "delete" || step?.action === "replace";
}

function comesFirst({ action, item }: Step): boolean {
  return action === "create" && kindOf(item!).comesFirst === true;
}

function whyRebuilt(key: string, because: Step | undefined): string {
  if (!because) return `${key} was deleted and made again`;
  return `${key} ${removes(because) ? "goes away" : "comes first"}`;
}

function rebuildStep(seen: Seen, item: Item | undefined, why: string): Step | undefined {
  if (item) return { action: "replace", key: seen.key, item, seen, why };
  return kindOf(seen).attribute ? undefined : { action: "delete", key: seen.key, seen, why };
}

/** Returns the keys of the items that must exist before the item. */
export function prerequisites(item: Item): string[] {
  return [...kindOf(item).dependsOn(item.value), ...(item.after ?? [])];
}

/** Returns our objects by the key of each item that they depend on. */
export function dependentsIn(facts: Facts): Map<string, Seen[]> {
  const dependents = new Map<string, Seen[]>();
  for (const seen of facts.seen.values()) {
    if (!seen.ours) continue;
    for (const key of kindOf(seen).dependsOn(seen.value)) {
      const list = dependents.get(key);
      if (list) list.push(seen);
      else dependents.set(key, [seen]);
    }
  }
  return dependents;
}
