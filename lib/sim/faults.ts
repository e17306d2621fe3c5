// Faults on demand: messages that are refused, delayed, lost, answered twice or cut.
import { isVnetErrorName, VNET_ERRORS, type VnetErrorName } from "../binapi/index.js";
import { PuntError } from "../errors.js";

/**
 * How VPP treats a message:
 * - `refuse`: answers with this error (VPP's name, or a number below 0) and does not carry the message out;
 * - `delay`: carries the message out after so many milliseconds, in which all messages behind it wait too;
 * - `lose-reply`: carries the message out and never answers;
 * - `lose-request`: neither carries the message out nor answers;
 * - `answer-twice`: carries the message out once, and sends the whole answer twice;
 * - `cut`: carries the message out, and breaks the connection in the middle of the answer;
 * - `cut-request`: breaks the connection and does not carry the message out;
 * - `crash`: dies before it carries the message out. In this process VPP starts again at once, without its state; in a
 *   process of its own it is dead until `start()`.
 */
export type FaultAction =
  | { kind: "refuse"; error: VnetErrorName | number }
  | { kind: "delay"; ms: number }
  | { kind: "lose-reply" | "lose-request" | "answer-twice" | "cut" | "cut-request" | "crash" };

export interface FaultRule {
  /** Name of the request, such as "memif_create_v2"; "*" is any but the handshake's. */
  message: string;
  action: FaultAction;
  /** The first message that the fault strikes, counted from now: 1 (the default) is the next message. */
  nth?: number;
  /** How many messages the fault strikes in a row. Default 1; Infinity: all from there on. */
  times?: number;
}

interface ActiveRule {
  rule: FaultRule;
  before: number;
  left: number;
}

const KINDS: ReadonlySet<string> = new Set([
  ...["refuse", "delay", "lose-reply", "lose-request", "answer-twice", "cut", "cut-request", "crash"],
]);

/** Messages of the handshake. "*" does not strike them. */
const HANDSHAKE = new Set(["sockclnt_create", "sockclnt_delete"]);

/**
 * Faults on demand: each rule strikes some of the messages to come. Restarts of VPP don't end them.
 * @example
 * ```ts
 * import { Vpp } from "vpp-punt/binapi";
 * import { EmbeddedVpp } from "vpp-punt/sim";
 *
 * await using sim = await EmbeddedVpp.start();
 * await using vpp = await Vpp.connect({ socketPath: sim.apiSocket });
 * // VPP refuses the second show_version from now on.
 * sim.faults.add({ message: "show_version", action: { kind: "refuse", error: "UNSPECIFIED" }, nth: 2 });
 * await vpp.call("show_version");
 * await vpp.call("show_version").catch((error) => console.log(error.code));
 * ```
 */
export class Faults {
  #rules: ActiveRule[] = [];
  #seen = 0;

  /** The number of messages so far, without the handshake's. */
  get seen(): number {
    return this.#seen;
  }

  /** Adds a rule. @throws PuntError ERR_BAD_FAULT: the rule makes no sense */
  add(rule: FaultRule): void {
    if (typeof rule?.message !== "string") throw badFault("a rule names a message, such as { message, action }");
    const { nth = 1, times = 1, action } = rule;
    if (!(Number.isInteger(nth) && nth >= 1)) throw badFault(`nth is ${nth}, and must be 1 or more`);
    if (!(times >= 1)) throw badFault(`times is ${times}, and must be 1 or more`);
    if (!KINDS.has(action?.kind)) throw badFault(`there is no action ${action?.kind}`);
    if (action.kind === "delay" && !(action.ms >= 0)) throw badFault(`a delay of ${action.ms} ms`);
    if (action.kind === "refuse") retvalOf(action.error);
    this.#rules.push({ rule, before: nth - 1, left: times });
  }

  /** Removes all faults. */
  clear(): void {
    this.#rules = [];
  }

  /** The number of rules that have strikes left. */
  get pending(): number {
    return this.#rules.length;
  }

  /** Returns the fault that strikes this message, if any. Rules for one message strike in the order of their addition. */
  next(message: string): FaultAction | undefined {
    let struck: FaultAction | undefined;
    if (!HANDSHAKE.has(message)) this.#seen++;
    for (const active of this.#rules) {
      const { rule } = active;
      if (rule.message !== message && (rule.message !== "*" || HANDSHAKE.has(message))) continue;
      if (active.before > 0) active.before--;
      else if (struck === undefined) {
        struck = rule.action;
        active.left--;
      }
    }
    if (struck !== undefined) this.#rules = this.#rules.filter(({ left }) => left > 0);
    return struck;
  }
}

/** Returns the number of an error. */
export function retvalOf(error: VnetErrorName | number): number {
  if (typeof error === "number") {
    if (Number.isInteger(error) && error < 0) return error;
    throw badFault(`${error} is not an error number: they are below 0`);
  }
  if (!isVnetErrorName(error)) throw badFault(`VPP has no error ${error}`);
  return VNET_ERRORS[error];
}

function badFault(message: string): PuntError {
  return new PuntError("sim.fault", "ERR_BAD_FAULT", message);
}
