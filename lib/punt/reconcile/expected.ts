// The objects that the next look should find: VPP answers a dump that it refuses as it answers one without objects.
import { type Facts, hiddenBy, type Item, kindOf, type Seen } from "../items/index.js";
import type { Step } from "../plan/index.js";

/** Knows our objects of the last look and of the steps since: made objects are added, and removed objects are left out. */
export class Expected {
  #keys: Set<string> | undefined;

  /** Whether there was no look yet in this life of VPP. */
  get isUnknown(): boolean {
    return this.#keys === undefined;
  }

  /** Takes a look for the truth. */
  looked(facts: Facts): void {
    this.#keys = new Set(lasting(facts, ({ ours }) => ours));
  }

  /** Called after the steps were performed, or some of them. */
  changed(steps: readonly Step[], failures: ReadonlyMap<string, unknown>): void {
    for (const { action, key, item } of steps) {
      if (action === "delete" || failures.has(key)) this.#keys?.delete(key);
      else if (item && isLasting(item)) this.#keys?.add(key);
    }
  }

  /** Returns whether an object is missing that should be there. */
  isMissingIn(facts: Pick<Facts, "seen" | "unreadable" | "unreadableNamespaces">): boolean {
    return lacksOne(this.#keys ?? [], facts);
  }

  /** Expects nothing: VPP may have lost its objects. */
  reset(): void {
    this.#keys = undefined;
  }
}

/** Returns whether a look lacks an object that the look before had. Whose it is may be unknown there: VPP may have refused that answer. */
export function lacks(facts: Facts, before: Facts): boolean {
  return lacksOne(lasting(before), facts);
}

function lacksOne(keys: Iterable<string>, facts: Pick<Facts, "seen" | "unreadable" | "unreadableNamespaces">): boolean {
  if (facts.unreadable.size > 0) return false;
  for (const key of keys) if (!facts.seen.has(key) && !hiddenBy(key, facts)) return true;
  return false;
}

/** Returns the keys of objects. Objects that may go without a step of their own are left out. */
function* lasting({ seen }: Facts, isCounted: (seen: Seen) => boolean = () => true): Iterable<string> {
  for (const found of seen.values()) if (isCounted(found) && isLasting(found)) yield found.key;
}

function isLasting(object: Seen | Item): boolean {
  const { attribute, readWhereNamed } = kindOf(object);
  return !attribute && !readWhereNamed;
}
