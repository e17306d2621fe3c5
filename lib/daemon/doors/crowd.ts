// Connections of one caller to a socket of the daemon. Each takes two descriptors and some memory, whether the caller asks for anything or not.

import { Quota } from "../../sockets/index.js";
import { type Caller, partyOf } from "../identity.js";

/** Connections at a time of one process, where the kernel shows it. A program may have one for each punt. */
export const MOST_OF_PROCESS = 1_024;
/** Connections at a time of one user. */
export const MOST_OF_USER = 8_192;

export class Crowd {
  readonly #quota = new Quota();

  /** Returns a function that takes the caller out again; undefined if there is no room for another connection of the caller's. */
  enter(caller: Caller): (() => void) | undefined {
    return this.#quota.take(limitsOf(caller));
  }
}

function limitsOf(caller: Caller): [name: string, most: number][] {
  if (caller.kind !== "unix") return [];
  const user: [string, number] = [`uid ${caller.uid}`, MOST_OF_USER];
  const program = partyOf(caller);
  return program === undefined ? [user] : [user, [program, MOST_OF_PROCESS]];
}
