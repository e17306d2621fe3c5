// Interfaces of others that were deleted. Another one may have the index by now, and even the name, and nothing of ours works on it.
import { type Facts, goneId, interfaceKey } from "../items/index.js";
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

  /**
   * Reads, and returns what was read with the deletions before. An interface that is deleted during the reading may have been read before: its
   * deletion counts for the next reading.
   */
  async within(read: () => Promise<Facts>): Promise<Facts> {
    const reborn = new Map(this.#deletions);
    const facts = await read();
    return reborn.size === 0 ? facts : { ...facts, reborn };
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
      const id = ids.get(index);
      const objects = dependents.get(interfaceKey(id ?? goneId(index))) ?? [];
      // VPP keeps a mirror of an interface that is gone, and lists it for the next one with the index.
      const isDone = id === undefined ? objects.length === 0 : !objects.some(({ key }) => isLeft(key));
      if (isDone && this.#deletions.get(index) === deletion) this.#deletions.delete(index);
    }
  }
}
