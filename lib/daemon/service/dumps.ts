// The dumps under way, so many of one caller.
import { PuntError } from "../../errors.js";

/** Dumps of one caller at a time: each takes a port of its own, and VPP's main thread greets it. */
const MOST_AT_A_TIME = 16;

/** The dumps under way. */
export class Dumps {
  readonly #counts = new Map<string, number>();

  /** Returns a function for the end of the dump. @throws PuntError ERR_RESOURCE_EXHAUSTED */
  begin(caller: string, op: string): () => void {
    const count = this.#counts.get(caller) ?? 0;
    if (count >= MOST_AT_A_TIME) {
      const message = `a caller has ${MOST_AT_A_TIME} dumps at a time: end one of them`;
      throw new PuntError(op, "ERR_RESOURCE_EXHAUSTED", message);
    }
    this.#counts.set(caller, count + 1);
    return () => {
      const left = this.#counts.get(caller)! - 1;
      if (left > 0) this.#counts.set(caller, left);
      else this.#counts.delete(caller);
    };
  }
}
