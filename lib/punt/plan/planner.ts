// Plans and compares, unless everything is as before: then the last plan holds.
import { isDeepStrictEqual } from "node:util";
import type { Marks } from "../interconnect/index.js";
import type { Facts, Seen } from "../items/index.js";
import { type Step, stepsFor } from "./diff.js";
import { makePlan, type Plan } from "./plan.js";
import type { Wanted } from "./wanted.js";

interface Planned {
  readonly plan: Plan;
  readonly steps: readonly Step[];
}

interface Last extends Planned {
  readonly wanted: Wanted;
  readonly marks: Marks;
  readonly facts: Facts;
  /** Nothing of ours was there that no punt wants: whether it would be spared makes no difference. */
  readonly hasNoLeftovers: boolean;
}

/** Most looks at a VPP find nothing new, and planning takes as long as the reading. */
export class Planner {
  #last: Last | undefined;

  /** Returns what `makePlan` and `stepsFor` return for the same arguments. */
  plan(wanted: Wanted, marks: Marks, facts: Facts, spares: (seen: Seen) => boolean): Planned {
    const last = this.#last;
    const isSame = last?.wanted === wanted && last.marks === marks && sameFacts(last.facts, facts);
    if (isSame && last.steps.length === 0 && last.hasNoLeftovers) return last;
    const plan = isSame ? last.plan : makePlan(wanted, marks, facts);
    let hasNoLeftovers = true;
    const steps = stepsFor(plan, facts, (seen) => {
      if (seen.ours) hasNoLeftovers = false;
      return spares(seen);
    });
    this.#last = { wanted, marks, facts, plan, steps, hasNoLeftovers };
    return this.#last;
  }
}

/** The finder of interfaces follows from the interfaces. */
function sameFacts({ interface: _, ...before }: Facts, { interface: __, ...now }: Facts): boolean {
  return isDeepStrictEqual(before, now);
}
