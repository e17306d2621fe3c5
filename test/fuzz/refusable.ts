// The ends that a damaged input may come to: a result, or a refusal by name.
import { PuntError } from "../../lib/errors.js";

/** Runs the work; a refusal by name is as good as a result. */
export async function refusable(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof PuntError)) throw error;
  }
}

/** Returns the message, or undefined where protobuf's own decoder refuses the bytes before this package sees them. */
export function readable<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
