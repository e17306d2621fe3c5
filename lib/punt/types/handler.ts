// What every punt type says of itself. All of it pure: from a request and what is known of VPP to what should be there.

import type { Interconnect, Marks, Need } from "../interconnect/index.js";
import type { Facts, Missing, Part } from "../items/index.js";
import type { PuntRequest } from "../request/index.js";

/** What VPP keeps only one of: two punts with an equal key conflict unless they are on one interconnect, or share it. */
export interface Claim {
  readonly key: string;
  /** Punts whose claims share it under the same name go together. */
  readonly sharedAs?: string;
}

/** Something about a punt that VPP has whole: worth knowing, or a reason why it is DEGRADED. */
export interface Caveat {
  readonly code: string;
  readonly text: string;
  readonly remedy: string;
  /** Not all the packets that were asked for can come, or not the way back. */
  readonly degrades: boolean;
}

export interface TypeContext {
  readonly facts: Facts;
  readonly marks: Marks;
  /** The policy id for that purpose; the same for the same purpose within one plan. */
  policyId(purpose: string): number;
  /** MAC address of an interconnect's CNF side. */
  cnfMac(interconnect: Interconnect): string;
}

export interface TypeHandler<R extends PuntRequest = PuntRequest> {
  /** Whether several punts may have the same VPP selector. */
  readonly multiplexes: boolean;
  /** The interconnects it takes, one or two. */
  needs(request: R): Need[];
  /** What VPP keeps only one of, where that is narrower or wider than the selector. */
  claims?(request: R): Claim[];
  /** What is not in VPP yet. */
  missing(request: R, facts: Facts): Missing[];
  /** What VPP gets besides the interconnects. @throws Problem */
  items(request: R, interconnects: readonly Interconnect[], context: TypeContext): Part[];
  /** The VPP interface whose MTU the interconnect of that selector has, where its request names none. */
  mtuFrom?(request: R, vppSelector: string): string | undefined;
  /** The VPP interface that linux-cp pairs the interconnect with, where it does. */
  pairedWith?(request: R, facts: Facts): string | undefined;
  /** Whether the multicast routes of VPP say something about it. */
  readsMulticast?(request: R): boolean;
  /** How it is realised where that is not the usual way, and what this VPP cannot carry of it. */
  caveats?(request: R, facts: Facts): Caveat[];
}
