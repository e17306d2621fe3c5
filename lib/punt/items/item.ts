// Items: the objects in VPP and Linux that punts are made of, as a plan wants them.
import type { KindName } from "./kind-names.js";

/** An object that should be there. Equal `key`: the same place in VPP; equal `value`: nothing to do. */
export interface Item<V extends object = object> {
  readonly kind: KindName;
  readonly key: string;
  /** Fields that are undefined may have any value. */
  readonly value: V;
  /** Keys of items it has to come after, besides those its kind knows from its value. */
  readonly after?: readonly string[];
  /** Keys of the identities of the punts it is there for. */
  readonly users: readonly string[];
}

/** An item before it is known for whom. */
export type Part<V extends object = object> = Omit<Item<V>, "users">;

/** Whether what is there has every field that is wanted. */
export function satisfies(seen: object, wanted: object): boolean {
  return Object.entries(wanted).every(
    ([field, value]) => value === undefined || same((seen as Record<string, unknown>)[field], value),
  );
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));
}

/** The fields in which what is there differs from what is wanted, as `field: there -> wanted`. */
export function differences(seen: object, wanted: object): string[] {
  return Object.entries(wanted)
    .filter(([field, value]) => value !== undefined && !same((seen as Record<string, unknown>)[field], value))
    .map(([field, value]) => `${field}: ${brief((seen as Record<string, unknown>)[field])} -> ${brief(value)}`);
}

const LONGEST_TEXT = 80;

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 3)}...` : text;
}
