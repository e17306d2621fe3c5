// The interfaces that linux-cp pairs with interconnects.

import type { Interconnect } from "../interconnect/index.js";
import type { Facts, VppInterface } from "../items/index.js";
import type { PuntRequest } from "../request/index.js";
import { handlerOf } from "./types.js";

type RequestOf = (user: string) => PuntRequest | undefined;

/** Finds pairs for one desired state and one set of facts. Each interconnect is judged once, however many punts use it. */
export class Pairs {
  readonly #requestOf: RequestOf;
  readonly #facts: Facts | undefined;
  readonly #known = new Map<Interconnect, VppInterface | undefined>();

  constructor(requestOf: RequestOf, facts: Facts | undefined) {
    this.#requestOf = requestOf;
    this.#facts = facts;
  }

  /** Returns the interface that linux-cp pairs with an interconnect, if one of its punts asks for that. */
  of(interconnect: Interconnect): VppInterface | undefined {
    if (!this.#known.has(interconnect)) this.#known.set(interconnect, this.#find(interconnect));
    return this.#known.get(interconnect);
  }

  #find({ users }: Interconnect): VppInterface | undefined {
    const facts = this.#facts;
    if (!facts) return undefined;
    for (const user of users) {
      const request = this.#requestOf(user);
      const name = request && handlerOf(request).pairedWith?.(request, facts);
      if (name !== undefined) return facts.interface(name);
    }
    return undefined;
  }
}
