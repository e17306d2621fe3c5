// The definition of a punt type. It is pure: it derives the wanted items from a request and the facts.

import type { Interconnect, Marks, Need } from "../interconnect/index.js";
import type { Facts, LocalHandlers, Missing, Part } from "../items/index.js";
import type { PuntRequest } from "../request/index.js";
import type { ReceivedFrame, Taking } from "./taking.js";

/** A thing of which VPP keeps only one. Two punts with an equal key conflict unless they use one interconnect or share the thing. */
export interface ExclusiveKey {
  readonly key: string;
  /** Punts whose keys have the same name here share the thing. */
  readonly sharedAs?: string;
}

/** Ports whose packets a punt takes. */
export interface PortReach {
  /** For people: `port 53`. */
  readonly text: string;
  /** Undefined: all ports. */
  readonly range?: { readonly first: number; readonly last: number };
}

/** The things of VPP and of the machine that a request names. Policies judge them, and the CNF's ends are named after them. */
export interface Reach {
  /** VPP interfaces that have to be there, in the order of the interconnects. Empty if the packets come from any interface. */
  readonly interfaces: readonly string[];
  /** VPP interfaces that the punt makes. Their interconnects follow those of `interfaces`. */
  readonly newInterfaces?: readonly string[];
  /** VRFs. A VRF that stands for the VRF of the interface is left out. */
  readonly vrfs?: readonly number[];
  /** TCP, UDP and SCTP ports; absent if the type cannot tell packets by their port. */
  readonly ports?: readonly PortReach[];
  /** The socket that VPP sends the packets to. */
  readonly socketPath?: string;
}

/** A remark on a punt of which VPP has every item: a fact to know, or a reason why the punt is DEGRADED. */
export interface Caveat {
  readonly code: string;
  readonly text: string;
  readonly remedy: string;
  /** Whether VPP cannot deliver all the packets that were asked for, or not the way back. */
  readonly degrades: boolean;
}

export interface TypeContext {
  readonly facts: Facts;
  readonly marks: Marks;
  /** Returns the policy id for a purpose. It is the same for the same purpose within one plan. */
  policyId(purpose: string): number;
  /** Returns the MAC address of an interconnect on the CNF's side. */
  cnfMac(interconnect: Interconnect): string;
}

export interface TypeHandler<R extends PuntRequest = PuntRequest> {
  /** Whether several punts may have the same VPP selector. */
  readonly multiplexes: boolean;
  /** Returns the interconnects that the punt needs, one or two. */
  needs(request: R): Need[];
  /** Returns the things that the request names. */
  reach(request: R): Reach;
  /** Returns the things of which VPP keeps only one, if they are narrower or wider than the selector. */
  exclusiveKeys?(request: R): ExclusiveKey[];
  /** Returns the things that VPP does not have yet. */
  missing(request: R, facts: Facts): Missing[];
  /** Returns the items besides the interconnects. @throws Problem if this VPP cannot have them */
  items(request: R, interconnects: readonly Interconnect[], context: TypeContext): Part[];
  /** Returns the VPP interface that gives the interconnect of that selector its MTU if the request does not name one. */
  mtuFrom?(request: R, vppSelector: string): string | undefined;
  /** Returns the VPP interface that linux-cp pairs with the interconnect, if it does. */
  pairedWith?(request: R, facts: Facts): string | undefined;
  /** Returns whether the caveats depend on VPP's routes for groups and for broadcast. */
  readsMulticast?(request: R): boolean;
  /** Whether it matters if an interface is in a bridge domain. */
  readonly readsBridges?: true;
  /** Returns which of VPP's own handlers the items depend on. */
  readsLocalHandlers?(request: R): keyof LocalHandlers | undefined;
  /** Returns remarks: how the punt is made if not in the usual way, and what this VPP cannot do for it. */
  caveats?(request: R, facts: Facts): Caveat[];
  /** Returns how VPP treats a frame on account of the punt once VPP has every item. Undefined: the type does not tell. */
  takes?(request: R, frame: ReceivedFrame, facts: Facts): Taking;
}
