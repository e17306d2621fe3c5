// Things of which VPP keeps only one, with the punts that hold them.
import type { ExclusiveKey } from "../types/index.js";

/** The holders of one thing that share it with each other, or, without a word for that, only within one interconnect. */
class Group {
  readonly #byInterconnect = new Map<string, Set<string>>();
  readonly #interconnectOf = new Map<string, string>();

  get isEmpty(): boolean {
    return this.#interconnectOf.size === 0;
  }

  put(punt: string, interconnect: string): void {
    this.remove(punt);
    this.#interconnectOf.set(punt, interconnect);
    const punts = this.#byInterconnect.get(interconnect);
    if (punts) punts.add(punt);
    else this.#byInterconnect.set(interconnect, new Set([punt]));
  }

  remove(punt: string): void {
    const interconnect = this.#interconnectOf.get(punt);
    if (interconnect === undefined) return;
    this.#interconnectOf.delete(punt);
    const punts = this.#byInterconnect.get(interconnect)!;
    punts.delete(punt);
    if (punts.size === 0) this.#byInterconnect.delete(interconnect);
  }

  /** Returns a punt of another interconnect. */
  outside(interconnect: string): string | undefined {
    for (const [other, punts] of this.#byInterconnect) if (other !== interconnect) return [...punts][0];
    return undefined;
  }
}

/** Finds the rival of a punt at the same cost beside ten holders and beside ten thousand. */
export class Exclusives {
  /** By key, then by the word under which holders share it. */
  readonly #groups = new Map<string, Map<string | undefined, Group>>();

  put({ key, sharedAs }: ExclusiveKey, punt: string, interconnect: string): void {
    const groups = this.#groups.get(key) ?? new Map<string | undefined, Group>();
    this.#groups.set(key, groups);
    const group = groups.get(sharedAs) ?? new Group();
    groups.set(sharedAs, group);
    group.put(punt, interconnect);
  }

  remove({ key, sharedAs }: ExclusiveKey, punt: string): void {
    const groups = this.#groups.get(key);
    const group = groups?.get(sharedAs);
    group?.remove(punt);
    if (group?.isEmpty) groups!.delete(sharedAs);
    if (groups?.size === 0) this.#groups.delete(key);
  }

  /** Returns a punt of another interconnect that holds the thing and does not share it. */
  rival({ key, sharedAs }: ExclusiveKey, interconnect: string): string | undefined {
    for (const [word, group] of this.#groups.get(key) ?? []) {
      const punt = word !== undefined && word === sharedAs ? undefined : group.outside(interconnect);
      if (punt !== undefined) return punt;
    }
    return undefined;
  }
}
