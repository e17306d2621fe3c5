// The requests of a connection by their context numbers.
import { PuntError } from "../errors.js";
import type { Pending } from "./pending.js";

const SLOT_BITS = 17;
/** Largest number of requests in a table. */
export const MOST_REQUESTS = 1 << SLOT_BITS;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
const GENERATIONS = 1 << (32 - SLOT_BITS);

/**
 * Requests that wait for an answer, by the `context` that VPP returns with it. A context holds the number of a slot and the number of
 * its uses, so that a late answer to a canceled request matches no other.
 */
export class RequestTable {
  readonly #slots: (Pending | undefined)[] = [];
  readonly #generations: number[] = [];
  readonly #free: number[] = [];
  #count = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#count;
  }

  /** Checks that the table has room for the request `name`, which takes `count` contexts. @throws PuntError ERR_QUEUE_FULL */
  checkRoom(name: string, count: number): void {
    if (this.#count + count <= this.#limit) return;
    const needs = count > 1 ? `, and it takes ${count} places` : "";
    const text = `${name}: ${this.#count} requests of at most ${this.#limit} (queueLimit) are waiting already${needs}`;
    throw new PuntError("binapi.call", "ERR_QUEUE_FULL", text, { message: name, waiting: this.#count });
  }

  /** Gives `request` its context. The table must have room. */
  add(request: Pending): void {
    const slot = this.#free.pop() ?? this.#newSlot();
    this.#slots[slot] = request;
    this.#count++;
    request.context = ((this.#generations[slot]! << SLOT_BITS) | slot) >>> 0;
  }

  #newSlot(): number {
    this.#generations.push(0);
    return this.#slots.push(undefined) - 1;
  }

  find(context: number): Pending | undefined {
    const request = this.#slots[context & SLOT_MASK];
    return request !== undefined && request.context === context ? request : undefined;
  }

  /** Frees the context. Returns false if the table no longer holds `request`. */
  remove(request: Pending): boolean {
    const slot = request.context & SLOT_MASK;
    if (this.#slots[slot] !== request) return false;
    this.#slots[slot] = undefined;
    this.#generations[slot] = (this.#generations[slot]! + 1) % GENERATIONS;
    this.#free.push(slot);
    this.#count--;
    return true;
  }

  /** Returns all requests that wait, in no order. */
  all(): Pending[] {
    return this.#slots.filter((request) => request !== undefined);
  }
}
