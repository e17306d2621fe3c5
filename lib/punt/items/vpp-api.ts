// What the manager needs of a binary API client. `Vpp` of vpp-punt/binapi is one.
import type { Arguments, DetailsOf, ReplyOf, Requests } from "../../binapi/index.js";

/** A request that the package knows at compile time, so that a misspelt field does not compile. */
export type MessageName = keyof Requests;

export interface VppApi {
  /**
   * Sends a request. Rejects with a PuntError whose code is VPP's name of the error (`VPP_NO_SUCH_ENTRY`). `fenced`: VPP may leave
   * the request unanswered; the answer to a ping sent behind it rejects it then.
   */
  call<N extends MessageName>(name: N, ...[value, options]: Arguments<N>): Promise<ReplyOf<N>>;
  /** Returns all details of a dump. */
  dumpAll<N extends MessageName>(name: N, ...[value, options]: Arguments<N>): Promise<DetailsOf<N>[]>;
  /** Tells whether the VPP connected to knows the message. */
  has(name: MessageName): boolean;
}

/** The index that means none, or all. */
export const NO_INDEX = 0xffff_ffff;

/** The request of `sw_interface_dump` for all interfaces. */
export const ALL_INTERFACES = { sw_if_index: NO_INDEX, name_filter_valid: false, name_filter: "" };
