// The way of a received packet to a transmit queue, natively and with its buffer where both queues share their memory.
import type { NativeMemifRx } from "../native.js";
import type { MemifBatch } from "./batch.js";
import type { MemifTxQueue } from "./tx-queue.js";

/** The transmit queues that one receive queue passes packets on to. */
export class Passage {
  readonly #native: NativeMemifRx;
  readonly #targets = new Map<MemifTxQueue, number>();

  constructor(native: NativeMemifRx) {
    this.#native = native;
  }

  /** Passes the packets on that have `mark`, of which there are `given`. Returns how many the queue had room for. */
  send(queue: MemifTxQueue, batch: MemifBatch, mark: number, given: number): number {
    const target = this.#target(queue);
    const sent = target === undefined ? 0 : this.#native.passOn(target, batch.marks, batch.length, mark);
    queue.passedOn(sent, given);
    return sent;
  }

  /** Takes no more packets from the ring than `queue` has room for. */
  boundBy(queue: MemifTxQueue): void {
    const target = this.#target(queue);
    if (target !== undefined) this.#native.boundBy(target);
  }

  #target(queue: MemifTxQueue): number | undefined {
    const known = this.#targets.get(queue);
    if (known !== undefined) return known;
    if (queue.isClosed) return undefined; // another thread may have it
    const target = this.#native.addTarget(queue.port, queue.index);
    if (target !== undefined) this.#targets.set(queue, target);
    return target;
  }
}

/** Returns how many of the packets have each mark. */
export function countMarks(batch: MemifBatch): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < batch.length; i++) counts.set(batch.marks[i]!, (counts.get(batch.marks[i]!) ?? 0) + 1);
  return counts;
}
