// Options of a command line: what it does not name is left out, so that a file or a default counts.

/** Returns the entries that have a value. */
export function definedOnly<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
