// Connections of one caller to a socket of the daemon. Each takes two descriptors and some memory, whether the caller asks for anything or not.
import type { Caller } from "../identity.js";

/** Connections at a time of one process, where the kernel shows it. A program may have one for each punt. */
export const MOST_OF_PROCESS = 1_024;
/** Connections at a time of one user. */
export const MOST_OF_USER = 8_192;

export class Crowd {
  readonly #counts = new Map<string, number>();

  /** Returns a function that takes the caller out again; undefined if there is no room for another connection of the caller's. */
  enter(caller: Caller): (() => void) | undefined {
    const limits = limitsOf(caller);
    if (limits.some(([name, most]) => this.#of(name) >= most)) return undefined;
    for (const [name] of limits) this.#counts.set(name, this.#of(name) + 1);
    return () => {
      for (const [name] of limits)
        if (this.#of(name) > 1) this.#counts.set(name, this.#of(name) - 1);
        else this.#counts.delete(name);
    };
  }

  #of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }
}

function limitsOf(caller: Caller): [name: string, most: number][] {
  if (caller.kind !== "unix") return [];
  const user: [string, number] = [`uid ${caller.uid}`, MOST_OF_USER];
  return caller.pid === 0 ? [user] : [user, [`pid ${caller.pid}`, MOST_OF_PROCESS]];
}
