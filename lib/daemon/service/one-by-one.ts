// Questions that cost VPP's main thread many commands: those of one caller are answered one after the other, so that VPP answers others in between.
import { CallOrder } from "../../call-order.js";
import { PuntError } from "../../errors.js";

export class OneByOne {
  readonly #order = new CallOrder();

  /** Asks once all earlier questions of the caller are answered. @throws PuntError ECANCELED: the caller has gone; what `ask` throws */
  ask<T>(caller: string, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    return this.#order.after([caller], async () => {
      if (signal.aborted) throw new PuntError("punt.explain", "ECANCELED", "the caller has gone");
      return ask();
    });
  }
}
