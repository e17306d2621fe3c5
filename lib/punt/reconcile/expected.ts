// The objects that the next look should find: VPP answers a dump that it refuses as it answers one without objects.
import { type Facts, kindOf, type Seen } from "../items/index.js";
import type { Step } from "../plan/index.js";

/** Knows our objects of the last look, without those that steps have removed since. */
export class Expected {
  #keys: Set<string> | undefined;

  /** Whether there was no look yet in this life of VPP. */
  get isUnknown(): boolean {
    return this.#keys === undefined;
  }

  /** Takes a look for the truth. */
  looked(facts: Facts): void {
    this.#keys = new Set(ours(facts));
  }

  /** Called before the steps are performed. */
  changing(steps: readonly Step[]): void {
    for (const { action, key } of steps) if (action === "delete" || action === "replace") this.#keys?.delete(key);
  }

  /** Returns whether an object is missing that no step has removed. */
  isMissingIn({ seen, unreadable }: Pick<Facts, "seen" | "unreadable">): boolean {
    if (unreadable.size > 0) return false;
    for (const key of this.#keys ?? []) if (!seen.has(key)) return true;
    return false;
  }

  /** Expects nothing: VPP may have lost its objects. */
  reset(): void {
    this.#keys = undefined;
  }
}

/** Returns the keys of our objects, without those that may go without a step of their own. */
function* ours({ seen }: Facts): Iterable<string> {
  for (const found of seen.values()) if (found.ours && isLasting(found)) yield found.key;
}

function isLasting(seen: Seen): boolean {
  const { attribute, readWhereNamed } = kindOf(seen);
  return !attribute && !readWhereNamed;
}
