// Holds steps back: removals while VPP cannot be read as a whole, and what waits for a step that is held.
import { PuntError } from "../../errors.js";
import type { Facts } from "../items/index.js";
import { dependentsIn, prerequisites, type Step } from "../plan/index.js";
import type { Remains } from "./remains.js";
import type { Retries } from "./retries.js";

interface Held {
  readonly retries: Retries;
  readonly remains: Remains;
}

/** Nothing is removed while a kind cannot be read: objects of that kind may depend on it, and VPP would keep them. */
export function holdRemovals(steps: readonly Step[], retries: Retries, { unreadable }: Facts): void {
  const [first] = unreadable;
  if (first === undefined) return;
  const [kind, { code, message }] = first;
  for (const { action, key } of steps) {
    if ((action !== "delete" && action !== "replace") || retries.isHeld(key)) continue;
    const text = `${key} cannot be removed while ${kind} cannot be read: ${message}`;
    retries.failed(key, new PuntError("punt.reconcile", code, text, { item: key }), action === "delete");
  }
}

/** Returns the steps that are not held back and do not wait for a step that is: for an object below it, or for the deletion of one above. */
export function withoutHeld(steps: readonly Step[], { retries, remains }: Held, facts: Facts): Step[] {
  const held = steps.filter((step) => retries.isHeld(step.key) || remains.holds(step)).map((step) => step.key);
  if (held.length === 0) return [...steps];
  const blocked = new Set<string>();
  const blocks = blocking(steps, facts);
  for (let key = held.pop(); key !== undefined; key = held.pop()) {
    if (blocked.has(key)) continue;
    blocked.add(key);
    for (const next of blocks.get(key) ?? []) {
      retries.waitFor(next, key);
      held.push(next);
    }
  }
  return steps.filter((step) => !blocked.has(step.key));
}

/** Returns, for each key, the keys of the steps that must wait for it. */
function blocking(steps: readonly Step[], facts: Facts): Map<string, string[]> {
  const blocks = new Map<string, string[]>();
  const add = (key: string, blocked: string) => {
    const list = blocks.get(key);
    if (list) list.push(blocked);
    else blocks.set(key, [blocked]);
  };
  const dependents = dependentsIn(facts);
  for (const step of steps) {
    if (step.item) for (const key of prerequisites(step.item)) add(key, step.key);
    if (step.action === "delete" || step.action === "replace")
      for (const seen of dependents.get(step.key) ?? []) add(seen.key, step.key);
  }
  return blocks;
}
