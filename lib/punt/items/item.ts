// Items: the objects in VPP and Linux that a plan wants.
import type { KindName } from "./kind-names.js";

/** An object that should exist. Items of equal `key` take the same place in VPP. If the `value` is equal too, nothing is to do. */
export interface Item<V extends object = object> {
  readonly kind: KindName;
  readonly key: string;
  /** Fields that are undefined may have any value. */
  readonly value: V;
  /** Keys of items that come before it. Its kind derives others from the value. */
  readonly after?: readonly string[];
  /** Keys of the punts that want it. */
  readonly users: readonly string[];
}

/** An item without its users. */
export type Part<V extends object = object> = Omit<Item<V>, "users">;

/** Returns whether an object has every wanted field. */
export function satisfies(seen: object, wanted: object): boolean {
  const [has, wants] = [seen, wanted] as Record<string, unknown>[];
  return Object.keys(wanted).every((field) => wants![field] === undefined || same(has![field], wants![field]));
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));
}

/** Returns the fields in which an object differs from the wanted value, as `field: seen -> wanted`. */
export function differences(seen: object, wanted: object): string[] {
  return Object.entries(wanted)
    .filter(([field, value]) => value !== undefined && !same((seen as Record<string, unknown>)[field], value))
    .map(([field, value]) =>
      field === SECRET
        ? `${field}: another one`
        : `${field}: ${brief((seen as Record<string, unknown>)[field])} -> ${brief(value)}`,
    );
}

/** The field of a memif with the fingerprint of its secret, which people would take for the secret. */
const SECRET = "secret";

const LONGEST_TEXT = 80;

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 3)}...` : text;
}
