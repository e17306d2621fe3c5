// Checks of values from outside against shapes that zod describes.
import type { output, ZodError, ZodSafeParseResult, ZodType } from "zod";
import { zod } from "./lazily.js";

/**
 * Checks a value of any kind. zod compares the `length` of what should be a text or a list before it refuses it, and such a comparison
 * throws where the value is an object whose `length` is not a number. Here the value is refused like any other.
 */
export function checkShape<S extends ZodType>(shape: S, value: unknown): ZodSafeParseResult<output<S>> {
  try {
    return shape.safeParse(value);
  } catch (error) {
    const message = `has a value that cannot be compared: ${(error as Error).message}`;
    const refusal = new (zod().ZodError)([{ code: "custom", path: [], message, input: value }]);
    return { success: false, error: refusal as ZodError<output<S>> };
  }
}

/** Returns what a schema objects to: the place in the document, and why. */
export function issueText({
  path,
  message,
}: {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}): string {
  return `${path.join(".") || "content"}: ${message}`;
}
