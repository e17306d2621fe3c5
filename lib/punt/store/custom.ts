// Checks of a program's own store: it loads a state, and its saves end.
import { PuntError } from "../../errors.js";
import { FileStore } from "./file-store.js";
import { requireKnown, shapeProblem } from "./format.js";
import type { Store, StoredState } from "./store.js";

/** Milliseconds that a save may take at least, whatever the caller's `timeout`: it is a matter of the disk, not of VPP. */
const LEAST_PATIENCE_MS = 1000;

/**
 * Returns the state of a store, or undefined if it has none.
 *
 * @throws PuntError `ERR_STORE_DAMAGED`: the store returns something else than a state; `ERR_STORE_VERSION`: of a later version; otherwise as `load`
 */
export async function loaded(store: Store): Promise<StoredState | undefined> {
  const state: unknown = await store.load();
  if (state === undefined || state === null) return undefined;
  // A file store has checked its file, with the backup in mind.
  if (store instanceof FileStore) return state as StoredState;
  const problem = shapeProblem(state);
  if (problem !== undefined) {
    const text = `load() of ${nameOf(store)} returned something that is not a state: ${problem}`;
    throw new PuntError("punt.store", "ERR_STORE_DAMAGED", text);
  }
  requireKnown(state as StoredState, nameOf(store));
  return state as StoredState;
}

/**
 * Returns the result of a change when the store has it.
 *
 * @param timeout milliseconds; undefined: no limit
 * @throws PuntError `ETIMEDOUT`: the store has not saved the change; it takes effect if the store saves it later. Otherwise as the change
 */
export async function storedWithin<T>(change: T | Promise<T>, timeout: number | undefined, op: string): Promise<T> {
  if (timeout === undefined) return change;
  const patience = Math.max(timeout, LEAST_PATIENCE_MS);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unsaved(op, patience)), patience);
  });
  return Promise.race([change, late]).finally(() => clearTimeout(timer));
}

/** The error of a store whose save does not end. */
export function unsaved(op: string, ms: number): PuntError {
  return new PuntError(op, "ETIMEDOUT", `the store has not saved the punts for ${ms} ms`);
}

function nameOf(store: Store): string {
  const { name = "" } = Object(store.constructor) as { name?: string };
  return name === "Object" || name === "" ? "the manager's store" : `the store ${name}`;
}
