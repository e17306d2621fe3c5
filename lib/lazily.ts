// Things that are made at their first use: an import of the package stays quick, and a program pays for what it uses.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Returns a function that makes a thing at the first call and returns it at each. */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The package zod. Functions that use it return their result at once, so that `import()` is of no use to them. */
export const zod = lazily(() => require("zod") as typeof import("zod"));

/** The package yaml. */
export const yaml = lazily(() => require("yaml") as typeof import("yaml"));
