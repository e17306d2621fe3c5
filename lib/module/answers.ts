// The addresses for which a CNF's end of a memif answers: those in the punt's metadata.
import type { Memif } from "../memif/index.js";
import type { OptionCheck } from "../options.js";
import type { InterconnectMetadata } from "../punt/index.js";
import {
  type AnswerKind,
  type AnswerOptions,
  checkAnswerOptions,
  Responder,
  type ResponderAddresses,
} from "../responder/index.js";

export interface CnfAnswerOptions extends AnswerOptions {
  /** Addresses of the CNF's own, besides those of the metadata. */
  readonly ipAddresses?: readonly string[];
}

/** `["arp", "nd", "ping"]`, or with more to say. */
export type CnfAnswers = readonly AnswerKind[] | CnfAnswerOptions;

/** @throws PuntError ERR_OPTION */
export function answerOptions(check: OptionCheck, answer: CnfAnswers): CnfAnswerOptions {
  const options: CnfAnswerOptions = isList(answer) ? { kinds: answer } : answer;
  check.known(options, ["kinds", "passAnswered", "answersPerBurst", "ipAddresses"], "answer");
  checkAnswerOptions(check, options);
  return options;
}

function isList(answer: CnfAnswers): answer is readonly AnswerKind[] {
  return Array.isArray(answer);
}

/** Begins to answer on the CNF's end of an interconnect. */
export function answerOn(memif: Memif, interconnect: InterconnectMetadata, options: CnfAnswerOptions): Responder {
  const { ipAddresses: _, ...rest } = options;
  return Responder.on(memif, { ...rest, ...answeredAddresses(interconnect, options) });
}

/** Addresses that are borrowed from a VPP interface are VPP's too: they are answered for, and not announced. */
export function answeredAddresses(
  { cnfInterface, vppInterface }: InterconnectMetadata,
  { ipAddresses: own = [] }: CnfAnswerOptions,
): ResponderAddresses {
  const given = cnfInterface?.addresses ?? [];
  const isBorrowed = given.length > 0 && vppInterface?.addresses.length === 0;
  return { mac: cnfInterface!.mac, ipAddresses: [...given, ...own], announce: !isBorrowed };
}
