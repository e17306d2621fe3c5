// What every punt type says of itself. All of it pure: from a request and what is known of VPP to what should be there.

import type { Interconnect, Marks, Need } from "../interconnect/index.js";
import type { Facts, Missing, Part } from "../items/index.js";
import type { PuntRequest } from "../request/index.js";

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
  /** A key VPP keeps only one entry for, where that is narrower or wider than the selector. */
  claim?(request: R): string | undefined;
  /** What is not in VPP yet. */
  missing(request: R, facts: Facts): Missing[];
  /** What VPP gets besides the interconnects. @throws Problem */
  items(request: R, interconnects: readonly Interconnect[], context: TypeContext): Part[];
  /** What this VPP cannot carry of it, for the metadata. */
  limits?(request: R, facts: Facts): string[];
}
