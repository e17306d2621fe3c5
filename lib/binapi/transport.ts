// What the client needs of a way to VPP.
import type { PuntError } from "../errors.js";
import type { Reader, Writer } from "./cursor.js";

/** What a link tells its user. */
export interface LinkHandler {
  /** A message has come: `reader` stands at its first byte and ends with it, for the time of this call. */
  message(reader: Reader): void;
  /** The link is gone; nothing else will come. Not called after `close()`. */
  closed(error: PuntError): void;
}

/**
 * One connection to a VPP that knows us. Messages go out in the order of `commit`, but at most as many as there is credit for:
 * the others wait, in encoded form, until `addCredit`.
 */
export interface Link {
  /** What to put in every `client_index`. */
  readonly clientIndex: number;
  /** VPP's message table: `show_version_51077d14` -> id. */
  readonly table: ReadonlyMap<string, number>;
  /** Where `table` lists only some of VPP's messages: those of `keys` that VPP has. */
  idsOf?(keys: readonly string[]): Iterable<[string, number]>;
  /** Starts a message: write it with the writer that is returned, then `commit` or `rollback`. */
  begin(): Writer;
  /** Ends the message. Returns a mark with which it can be withdrawn. */
  commit(): number;
  rollback(): void;
  /** Takes back a message that has not gone out yet; false if it has. */
  withdraw(mark: number): boolean;
  /** Lets `count` more messages go out. */
  addCredit(count: number): void;
  /**
   * Says goodbye to VPP and closes. What was committed and has credit is still sent, as far as VPP takes it at once. Resolves when
   * VPP has answered, or half a second later.
   */
  close(): void | Promise<void>;
}

/** A way to reach a VPP's binary API. */
export interface Transport {
  /** For errors and logs: `/run/vpp/api.sock`. */
  readonly endpoint: string;
  /** Connects and registers as a client. `credit`: how many messages may go out before the first `addCredit`. */
  connect(handler: LinkHandler, credit: number, signal: AbortSignal): Promise<Link>;
}
