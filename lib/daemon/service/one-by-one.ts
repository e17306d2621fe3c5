// Questions that cost VPP's main thread many commands: those of one caller are answered one after the other, so that VPP answers others in between.
import { PuntError } from "../../errors.js";

export class OneByOne {
  readonly #last = new Map<string, Promise<void>>();

  /** Asks once all earlier questions of the caller are answered. @throws PuntError ECANCELED: the caller has gone; what `ask` throws */
  async ask<T>(caller: string, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    const before = this.#last.get(caller);
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#last.set(caller, ended);
    try {
      await before;
      if (signal.aborted) throw new PuntError("punt.explain", "ECANCELED", "the caller has gone");
      return await ask();
    } finally {
      end();
      if (this.#last.get(caller) === ended) this.#last.delete(caller);
    }
  }
}
