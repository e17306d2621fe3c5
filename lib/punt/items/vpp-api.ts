// The part of a binary API client that the manager uses. `Vpp` of vpp-punt/binapi has it.
import type { Arguments, BuiltinRequests, DetailsOf, ReplyOf } from "../../binapi/index.js";

/** The name of a request that the package knows at compile time: a misspelt field does not compile. */
export type MessageName = keyof BuiltinRequests;

export interface VppApi {
  /** Path of VPP's API socket: the kernel says in which network namespace its listener is. */
  readonly endpoint?: string | undefined;
  /**
   * Sends a request. Rejects with a PuntError with VPP's name of the error as its code (`VPP_NO_SUCH_ENTRY`). `fenced`: VPP may leave the
   * request unanswered; the reply to a ping that follows it then rejects the call.
   */
  call<N extends MessageName>(name: N, ...[value, options]: Arguments<N>): Promise<ReplyOf<N>>;
  /** Returns all details of a dump. */
  dumpAll<N extends MessageName>(name: N, ...[value, options]: Arguments<N>): Promise<DetailsOf<N>[]>;
  /** Returns whether the connected VPP has the message. */
  has(name: MessageName): boolean;
}

/** The index that means none or all. */
export const NO_INDEX = 0xffff_ffff;

/** The request of `sw_interface_dump` for all interfaces. */
export const ALL_INTERFACES = { sw_if_index: NO_INDEX, name_filter_valid: false, name_filter: "" };
