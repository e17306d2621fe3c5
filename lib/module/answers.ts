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
  interconnect: InterconnectMetadata,
  { ipAddresses: own = [] }: CnfAnswerOptions,
): ResponderAddresses {
  // The CNF's end of a memif is an interface.
  const { mac, addresses } = interconnect.cnfInterface!;
  const router = routerOf(interconnect);
  return {
    mac,
    ipAddresses: [...addresses, ...own],
    announce: router === undefined,
    ...(router !== undefined && { router }),
  };
}

/**
 * Returns the MAC address of VPP's end if the CNF has the addresses of a VPP interface (ABX). VPP leaves the sender's MAC address in the
 * packets that it routes to such a CNF, and takes no frame to that.
 */
export function routerOf({ cnfInterface, vppInterface }: InterconnectMetadata): string | undefined {
  const isBorrowed = (cnfInterface?.addresses.length ?? 0) > 0 && vppInterface?.addresses.length === 0;
  return isBorrowed ? vppInterface.mac : undefined;
}
