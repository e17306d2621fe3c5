// The dumps under way, so many of one caller.
import { PuntError } from "../../errors.js";
import { Quota } from "../../sockets/index.js";

/** Dumps of one caller at a time: each takes a port of its own, and VPP's main thread greets it. */
const MOST_AT_A_TIME = 16;

/** The dumps under way. */
export class Dumps {
  readonly #quota = new Quota();

  /** Returns a function for the end of the dump. @throws PuntError ERR_RESOURCE_EXHAUSTED */
  begin(caller: string, op: string): () => void {
    const end = this.#quota.take([[caller, MOST_AT_A_TIME]]);
    if (end) return end;
    const message = `a caller has ${MOST_AT_A_TIME} dumps at a time: end one of them`;
    throw new PuntError(op, "ERR_RESOURCE_EXHAUSTED", message);
  }
}
