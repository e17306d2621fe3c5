// The problems of a daemon's punts in its log: each once, and not at every attempt.
import { messageOf, PuntError } from "../errors.js";
import type { Logger } from "../logger.js";
import { idText, type PuntManagerEvents } from "../punt/index.js";

type Pass = PuntManagerEvents["pass"][0];

/** Milliseconds after which a problem that goes on is logged again. */
const AGAIN_MS = 60_000;
/** Most problems that are remembered. */
const MOST_TOLD = 1_000;
/** Most items of a punt that a line names. */
const MOST_NAMED = 5;

export class Problems {
  readonly #logger: Logger;
  /** When each problem was logged, the oldest first. */
  readonly #told = new Map<string, number>();
  /** Another manager of the owner has the VPP. */
  #rival: PuntError | undefined;
  /** The last comparison with VPP ended without an answer. */
  #isVppSilent = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Why nothing is done in VPP: another manager has it, or it does not answer. */
  get obstacle(): string | undefined {
    if (this.#isVppSilent) return "VPP does not answer";
    return this.#rival && `another manager (pid ${this.#rival.details.pid}) has this VPP`;
  }

  readonly tell = (error: PuntError): void => {
    const { message } = error;
    const isRival = error.code === "ERR_OWNER_BUSY";
    const isTold = isRival ? this.#rival?.message === message : this.#isTold(message);
    if (isRival) this.#rival = error;
    if (!isTold) this.#warn(fieldsOf(error), message);
  };

  #isTold(message: string): boolean {
    return performance.now() - (this.#told.get(message) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS;
  }

  #warn(fields: object, message: string): void {
    this.#told.delete(message);
    this.#told.set(message, performance.now());
    if (this.#told.size > MOST_TOLD) this.#told.delete(this.#told.keys().next().value!);
    this.#logger.warn(fields, message);
  }

  /** Takes the end of a comparison with VPP. */
  readonly passed = ({ error, restored = [] }: Pick<Pass, "error" | "restored">): void => {
    for (const { id, items } of restored) {
      const list = [...items.slice(0, MOST_NAMED), ...(items.length > MOST_NAMED ? ["and others"] : [])].join(", ");
      const message = `restored ${list} of punt ${idText(id)}: it was deleted or changed in VPP or Linux`;
      if (!this.#isTold(message)) this.#warn({ punt: id, items }, message);
    }
    this.#isVppSilent = error?.code === "ERR_TIMEOUT";
    if (error || !this.#rival) return;
    const { pid, owner } = this.#rival.details;
    this.#rival = undefined;
    this.#logger.info(
      { manager: pid, owner },
      "the other manager has left this VPP: this daemon manages the owner's punts",
    );
  };
}

/** A problem that has a code of its own needs no stack. */
function fieldsOf(error: PuntError): object {
  if (!(error instanceof PuntError) || error.code === "ERR_INTERNAL") return { err: error };
  const { op, code, details, cause } = error;
  const reason = cause instanceof Error ? messageOf({ op, message: cause.message }) : undefined;
  return { op, code, details, ...(reason !== undefined && { reason }) };
}
