// The requests of a session by their context numbers.
import { PuntError } from "../errors.js";
import type { Pending } from "./pending.js";

const SLOT_BITS = 17;
/** Most requests that a table has contexts for. */
export const MOST_REQUESTS = 1 << SLOT_BITS;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
const GENERATIONS = 1 << (32 - SLOT_BITS);

/**
 * Requests that wait for an answer, by the `context` that VPP returns with it. A context is a slot and how often the slot has been
 * used: an answer that comes after its request was given up finds nobody.
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

  /** Throws if there is no room for `count` more: the request `name` and what goes with it. */
  checkRoom(name: string, count: number): void {
    if (this.#count + count <= this.#limit) return;
    const text = `${name}: ${this.#count} requests are waiting already (queueLimit)`;
    throw new PuntError("binapi.call", "ERR_QUEUE_FULL", text, { message: name, waiting: this.#count });
  }

  /** Gives `request` its context; there has to be room. */
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

  /** Frees the context; false if `request` is no longer here. */
  remove(request: Pending): boolean {
    const slot = request.context & SLOT_MASK;
    if (this.#slots[slot] !== request) return false;
    this.#slots[slot] = undefined;
    this.#generations[slot] = (this.#generations[slot]! + 1) % GENERATIONS;
    this.#free.push(slot);
    this.#count--;
    return true;
  }

  /** All that wait, in no order. */
  all(): Pending[] {
    return this.#slots.filter((request) => request !== undefined);
  }
}
