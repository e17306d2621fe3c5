// The faults of a history. A refused dump looks as if there were nothing; nobody can tell two equal ones in a row from the truth.
import { type FaultAction, Faults } from "../../lib/sim/faults.js";

/** Dumps of one message after a refused one that VPP answers, so that a manager has seen the truth: another manager asks too. */
const ANSWERED = 4;

/** All other dumps are read for the interfaces that this one lists. */
const INTERFACES = "sw_interface_dump";

export class Refusals extends Faults {
  /** The number of dumps that VPP must still answer, by message. */
  readonly #answered = new Map<string, number>();

  override next(message: string): FaultAction | undefined {
    const action = super.next(message);
    if (!message.endsWith("_dump")) return action;
    const owed = this.#answered.get(message) ?? 0;
    if (owed > 0) this.#answered.set(message, owed - 1);
    if (action?.kind !== "refuse") return action;
    if (owed > 0 || (this.#answered.get(INTERFACES) ?? 0) > 0) return undefined;
    this.#answered.set(message, ANSWERED);
    return action;
  }
}
