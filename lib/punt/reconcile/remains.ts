// The objects of an earlier manager whose store is lost. They stay for a time, in which programs ask for their punts again.
import type { Marks } from "../interconnect/index.js";
import { type Facts, interfaceKey, kindOf, type Seen, takesFor } from "../items/index.js";
import { makePlan, type Plan, type Step, type Wanted } from "../plan/index.js";

/** Knows the objects of this owner that were in VPP before this manager made any, and how long they stay. */
export class Remains {
  readonly #now: () => number;
  #time = 0;
  #end: number | undefined;
  /** Keys that a punt of this manager has wanted so far. */
  readonly #wanted = new Set<string>();
  /** Keys of our objects that were there before a punt wanted them. */
  readonly #found = new Set<string>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Keeps what the first look finds for that many milliseconds after it. */
  keep(time: number): void {
    this.#time = time;
  }

  /** Milliseconds that are left, from the first look on. */
  get left(): number {
    return Math.max(0, this.#end === undefined ? this.#time : this.#end - this.#now());
  }

  /** Takes a look, after which steps follow. */
  looked({ seen }: Facts, { items }: Plan): void {
    if (this.left === 0) return;
    this.#end ??= this.#now() + this.#time;
    for (const { key, ours } of seen.values()) if (ours && !this.#wanted.has(key)) this.#found.add(key);
    for (const key of items.keys()) this.#wanted.add(key);
  }

  /** Whether the object was there before this manager made any. */
  found(key: string): boolean {
    return this.#found.has(key);
  }

  /** Whether the object stays, although no punt wants it. */
  spares({ key }: Seen): boolean {
    return this.left > 0 && !this.#wanted.has(key);
  }

  /** Whether a step waits: other programs, which have not asked yet, may share the object. */
  holds({ action, key, item }: Step): boolean {
    if (this.left === 0 || !this.#found.has(key)) return false;
    return action === "delete" || (action === "update" && kindOf(item!).merge !== undefined);
  }
}

/**
 * Returns claims on objects that carry no mark, and that a punt asks for again. Another program may have an equal one; so the punt's
 * interconnects must be there, or, for a punt socket, the path that only this punt has.
 */
export function reclaimed(
  { facts }: { readonly facts: Facts },
  { wanted, memory }: { readonly wanted: Wanted; readonly memory: { readonly claims: ReadonlyMap<string, string> } },
  { remains, marks }: { readonly remains: Remains; readonly marks: Marks },
): ReadonlyMap<string, string> {
  if (remains.left === 0 || wanted.punts.length === 0) return new Map();
  const own = { ...facts, seen: new Map([...facts.seen].filter(([, { ours }]) => ours)) };
  const isBack = (user: string) => {
    const request = wanted.requestOf(user);
    const names = request ? wanted.interconnectsOf(request).map(({ name }) => name) : [];
    return request !== undefined && names.every((name) => name === "" || remains.found(interfaceKey(name)));
  };
  const items = [...makePlan(wanted, marks, own).items.values()].filter(
    ({ key, kind, users }) => kind !== "interface" && !memory.claims.has(key) && users.every(isBack),
  );
  const takes = takesFor(items, facts, marks, new Map());
  return new Map(takes.map(({ key, claim }) => [key, claim]));
}
