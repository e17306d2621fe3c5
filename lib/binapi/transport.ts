// The interface between the client and a transport.
import type { PuntError } from "../errors.js";
import type { Reader, Writer } from "./cursor.js";

/** Longest name of a client at VPP, in bytes. */
export const LONGEST_NAME = 63;

/** Receives the messages of a link. */
export interface LinkHandler {
  /** Takes a message. `reader` is at its first byte and ends with it, and is valid during the call. */
  message(reader: Reader): void;
  /** Called when the link is lost. No message follows. Not called after `close()`. */
  closed(error: PuntError): void;
}

/**
 * One connection to a VPP, as a registered client. The link sends messages in the order of `commit`, each for one unit of credit.
 * Without credit they wait, in encoded form, until `addCredit`.
 */
export interface Link {
  /** The value of `client_index` in every message. */
  readonly clientIndex: number;
  /** VPP's message table: `show_version_51077d14` -> id. A link may list only a part of it. */
  readonly table: ReadonlyMap<string, number>;
  /** Returns those of `keys` that VPP has, with their ids. Only for a link whose `table` lists a part. */
  idsOf?(keys: readonly string[]): Iterable<[string, number]>;
  /** Starts a message and returns its writer. After writing, call `commit` or `rollback`. */
  begin(): Writer;
  /** Ends the message. Returns a mark for `withdraw`. */
  commit(): number;
  /** Drops the message that was begun. */
  rollback(): void;
  /** Withdraws a message that waits for credit. Returns false if the message may have been sent. */
  withdraw(mark: number): boolean;
  /** Lets the link send `count` more messages. */
  addCredit(count: number): void;
  /**
   * Unregisters the client and closes. Messages that have credit are still sent, if VPP takes them at once. Resolves when VPP has
   * answered, or half a second later.
   */
  close(): void | Promise<void>;
}

/** A way to VPP's binary API. */
export interface Transport {
  /** VPP's address for errors and logs, such as `/run/vpp/api.sock`. */
  readonly endpoint: string;
  /**
   * Connects and registers as a client. `credit` is the number of messages that the link may send before the first `addCredit`.
   *
   * @throws PuntError ERR_ABORTED or ERR_TIMEOUT: `signal` has aborted; an errno name, ERR_BAD_HANDSHAKE: VPP can't be reached
   */
  connect(handler: LinkHandler, credit: number, signal: AbortSignal): Promise<Link>;
}
