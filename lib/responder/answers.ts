// Finds the answer to a frame, and counts.
import { ETHERTYPE } from "../net/index.js";
import { announceArp, answerArp } from "./arp.js";
import type { Frame } from "./frame.js";
import { answerPing4 } from "./ip4.js";
import { announceNd, answerPing6, answerSolicitation, ip6Question } from "./ip6.js";
import type { Own } from "./own.js";
import { NOT_MINE, REFUSED, type Verdict } from "./verdict.js";

/** The questions that are answered: ARP, neighbor discovery of IPv6, ICMP and ICMPv6 echo. */
export type AnswerKind = "arp" | "nd" | "ping";

export const ANSWER_KINDS: readonly AnswerKind[] = ["arp", "nd", "ping"];

/** Counters since the start. */
export interface AnswerCounts {
  /** Answers by kind. */
  arp: number;
  nd: number;
  ping: number;
  /** Frames that ask for an own address and were not answered: malformed, a fragment, or from an impossible sender. They went to the handler. */
  refused: number;
  /** Frames that came beyond the limit of a burst, and were dropped. */
  limited: number;
  /** Answers for which the ring had no room. */
  unsent: number;
  /** Announcements of own addresses. */
  announced: number;
}

/** The fate of a frame: it goes to the handler, is dropped, or is answered. */
export type Outcome = "handler" | "dropped" | Uint8Array;

export class Answers {
  readonly counts: AnswerCounts = { arp: 0, nd: 0, ping: 0, refused: 0, limited: 0, unsent: 0, announced: 0 };
  readonly #kinds: ReadonlySet<AnswerKind>;
  readonly #limit: number;
  readonly #left: Record<AnswerKind, number> = { arp: 0, nd: 0, ping: 0 };

  /** @param limit the most answers of each kind in a burst */
  constructor(kinds: readonly AnswerKind[], limit: number) {
    this.#kinds = new Set(kinds);
    this.#limit = limit;
  }

  startBurst(): void {
    for (const kind of ANSWER_KINDS) this.#left[kind] = this.#limit;
  }

  /** Examines a frame. */
  outcomeOf(frame: Frame, own: Own): Outcome {
    const kind = kindOf(frame);
    if (kind === undefined || !this.#kinds.has(kind)) return "handler";
    const verdict = verdictOf(kind, frame, own);
    if (verdict === NOT_MINE) return "handler";
    if (verdict === REFUSED) {
      this.counts.refused++;
      return "handler";
    }
    if (this.#left[kind] === 0) {
      this.counts.limited++;
      return "dropped";
    }
    this.#left[kind]--;
    this.counts[kind]++;
    return verdict;
  }

  /** Returns the announcements of the addresses. */
  announcements(own: Own): Uint8Array[] {
    const arp = this.#kinds.has("arp") ? [...own.ip4].map((address) => announceArp(address, own)) : [];
    const nd = this.#kinds.has("nd") ? own.ip6.map((address) => announceNd(address, own)) : [];
    return [...arp, ...nd];
  }
}

function kindOf(frame: Frame): AnswerKind | undefined {
  if (frame.type === ETHERTYPE.ARP) return "arp";
  if (frame.type === ETHERTYPE.IP4) return "ping";
  return frame.type === ETHERTYPE.IP6 ? ip6Question(frame) : undefined;
}

function verdictOf(kind: AnswerKind, frame: Frame, own: Own): Verdict {
  if (kind === "arp") return answerArp(frame, own);
  if (kind === "nd") return answerSolicitation(frame, own);
  return frame.type === ETHERTYPE.IP4 ? answerPing4(frame, own) : answerPing6(frame, own);
}
