// Looks for a short list that still fails: without some of its elements, then with simpler ones.

export interface Shrinking<T> {
  /** Whether a shorter or simpler list fails in the same way. */
  fails(list: readonly T[]): Promise<boolean>;
  /** Whether to try on. */
  mayTry(): boolean;
}

/** Returns the shortest list that was found. Every list before it failed too. */
export async function shrink<T extends object>(list: readonly T[], shrinking: Shrinking<T>): Promise<readonly T[]> {
  let shortest = list;
  for (let before = Number.POSITIVE_INFINITY; shortest.length < before && shrinking.mayTry(); ) {
    before = shortest.length;
    shortest = await shorter(shortest, shrinking);
    shortest = await simpler(shortest, shrinking);
  }
  return shortest;
}

/** Leaves out halves, then quarters, and so on, and single elements in the end. */
async function shorter<T>(list: readonly T[], { fails, mayTry }: Shrinking<T>): Promise<readonly T[]> {
  let present = list;
  for (let size = Math.ceil(present.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let end = present.length; end > 0 && mayTry(); end -= size) {
      const start = Math.max(0, end - size);
      const without = [...present.slice(0, start), ...present.slice(end)];
      if (await fails(without)) present = without;
    }
  return present;
}

/** Makes the arguments of each element simpler, one after the other. */
async function simpler<T extends object>(list: readonly T[], { fails, mayTry }: Shrinking<T>): Promise<readonly T[]> {
  let present = list;
  for (let at = 0; at < present.length; at++) present = await simplerAt(at, present, { fails, mayTry });
  return present;
}

async function simplerAt<T extends object>(
  at: number,
  list: readonly T[],
  { fails, mayTry }: Shrinking<T>,
): Promise<readonly T[]> {
  for (const each of simplerThan(list[at]!)) {
    if (!mayTry()) return list;
    const changed = list.with(at, each as T);
    if (await fails(changed)) return simplerAt(at, changed, { fails, mayTry });
  }
  return list;
}

/** Yields copies of an object in which one argument is simpler: a number is 0 or half of it, a flag is off, a list is empty. */
function* simplerThan(value: object): Generator<object> {
  for (const [name, field] of Object.entries(value))
    for (const simple of simplerFields(name, field)) yield { ...value, [name]: simple };
}

function* simplerFields(name: string, field: unknown): Generator<unknown> {
  // Two owners may share an interface with some types only: with another type, the history would fail in a way of its own.
  if (name === "type") return;
  if (typeof field === "number" && field > 0) yield* isPlace(name) ? [0] : [0, Math.floor(field / 2)];
  else if (field === true) yield false;
  else if (Array.isArray(field) && field.length > 0) yield [];
  else if (typeof field === "object" && field !== null && !Array.isArray(field)) yield* simplerThan(field);
}

/** A number that counts nothing, so that half of it is not simpler. */
function isPlace(name: string): boolean {
  return !/^(after|ms|down|crash|nth|times)$/.test(name);
}
