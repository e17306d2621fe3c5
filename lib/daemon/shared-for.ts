// One result for several readers.

/** Returns a function that makes one result for all readers of a moment and of `ms` milliseconds after it. A failure is for those of the moment. */
export function sharedFor<T>(ms: number, make: () => Promise<T>): () => Promise<T> {
  let shared: Promise<T> | undefined;
  const forget = () => {
    shared = undefined;
  };
  return () => {
    if (shared) return shared;
    shared = make();
    shared.then(() => setTimeout(forget, ms).unref(), forget);
    return shared;
  };
}
