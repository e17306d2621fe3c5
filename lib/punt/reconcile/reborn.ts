// Interfaces of others that were deleted. Another one may have the index by now, and even the name, and nothing of ours works on it.
import { type Facts, interfaceKey } from "../items/index.js";
import { dependentsIn } from "../plan/index.js";

/** Knows the deletions until what depended on the interfaces was made again: two dumps of VPP may look alike before and after. */
export class Reborn {
  /** The number of the last deletion, by the index of the interface. */
  readonly #deletions = new Map<number, number>();
  #count = 0;

  lost(swIfIndex: number): void {
    this.#deletions.set(swIfIndex, ++this.#count);
  }

  reset(): void {
    this.#deletions.clear();
  }

  /** Returns what was read, with the deletions up to now. */
  within(facts: Facts): Facts {
    return this.#deletions.size === 0 ? facts : { ...facts, reborn: new Map(this.#deletions) };
  }

  /**
   * Forgets the deletions of these facts after which nothing is left to make again.
   *
   * @param isLeft tells whether the object of that key has a step that was not done
   */
  rebuilt({ reborn = new Map(), ...facts }: Facts, isLeft: (key: string) => boolean): void {
    if (reborn.size === 0) return;
    const dependents = dependentsIn(facts);
    const ids = new Map(facts.interfaces.map(({ swIfIndex, id }) => [swIfIndex, id]));
    for (const [index, deletion] of reborn) {
      const objects = dependents.get(interfaceKey(ids.get(index) ?? "")) ?? [];
      const isDone = !objects.some(({ key }) => isLeft(key));
      if (isDone && this.#deletions.get(index) === deletion) this.#deletions.delete(index);
    }
  }
}
