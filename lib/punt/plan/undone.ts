// Notices what others undo: objects of ours that they delete or change in VPP or Linux, without a change of a punt.
import { isDeepStrictEqual } from "node:util";
import { satisfies } from "../items/index.js";
import { idOf, type PuntId } from "../request/index.js";
import type { Step } from "./diff.js";
import type { Plan } from "./plan.js";
import type { Wanted } from "./wanted.js";

interface Looked {
  readonly plan: Plan;
  /** Steps that are left, by key. */
  readonly open: ReadonlyMap<string, Step>;
}

/** Objects of a punt that were made again as they were. */
export interface RestoredPunt {
  readonly id: PuntId;
  /** Keys of the items, such as `interface/memif-abcde`. */
  readonly items: readonly string[];
}

export class Undone {
  #before: Looked | undefined;

  /** Takes the last look of a pass: from here on, what differs was changed by others. */
  looked({ plan, open }: Looked): void {
    this.#before = { plan, open };
  }

  /** Knows nothing: VPP may have lost its objects. */
  reset(): void {
    this.#before = undefined;
  }

  /** Returns the steps of a pass's first look about objects that were as the plan wants them, and are not any more. */
  among(steps: readonly Step[]): Step[] {
    const before = this.#before;
    if (before === undefined) return [];
    return steps.filter(({ key, item, seen }) => {
      if (!item || before.open.has(key) || (seen && satisfies(seen.value, item.value))) return false;
      return isDeepStrictEqual(before.plan.items.get(key)?.value, item.value);
    });
  }
}

/** Returns what steps about undone objects have made again, by punt. */
export function restoredBy(
  steps: readonly Step[],
  failures: ReadonlyMap<string, unknown>,
  wanted: Wanted,
): RestoredPunt[] {
  const items = new Map<string, string[]>();
  for (const { key, item } of steps)
    if (!failures.has(key)) for (const user of item!.users) items.set(user, [...(items.get(user) ?? []), key]);
  return [...items].flatMap(([user, keys]) => {
    const request = wanted.requestOf(user);
    return request ? [{ id: idOf(request), items: keys }] : [];
  });
}
