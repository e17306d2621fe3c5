// The batch of a memif queue: its packets can be sent back in place.
import { type BatchTable, PacketBatch } from "../packet/index.js";

/** @internal What becomes of a packet when the handler returns. Each value from QUEUE on names a transmit queue. */
export const MARK = { none: 0, reply: 1, drop: 2, queue: 16 } as const;

/** The packets of one burst of a memif queue. */
export class MemifBatch extends PacketBatch {
  /** @internal One mark for each packet. */
  readonly marks: Uint8Array;
  #marked = false;

  /** @internal Queues make their batches. */
  constructor(table: BatchTable) {
    super(table);
    this.marks = new Uint8Array(table.capacity);
  }

  /** @internal Whether a packet has a mark. */
  get marked(): boolean {
    return this.#marked;
  }

  /**
   * Sends packet `i` back when the handler returns, with its bytes as they are then: swap and edit them in place. On a client's port the
   * buffer itself goes to the peer, and nothing is copied; a server's port copies natively. Replies leave in the order of the packets on
   * the transmit queue of the receive queue's number (or the last one, if the port or its peer has fewer), after all that the handler has sent
   * itself. A reply that finds the ring full is dropped, counted in `refused` of that queue, and followed by a `drain` event.
   *
   * The packet keeps its length; `length` makes it shorter. Calling it again for the same packet changes nothing but the length.
   *
   * @throws PuntError ERR_OUT_OF_RANGE: there is no packet `i`, or `length` is not from 1 to its length.
   * @throws PuntError ERR_BATCH_RELEASED: the handler has returned.
   * @example
   * ```ts
   * import { Memif } from "vpp-punt";
   *
   * const port = Memif.open({ role: "client", socket: "/run/vpp/memif.sock" });
   * port.receive((batch) => {
   *   for (let i = 0; i < batch.length; i++) {
   *     // The two MAC addresses change places.
   *     batch.swap(i, 0, 6, 6);
   *     batch.reply(i);
   *   }
   * });
   * ```
   */
  reply(i: number, length: number = this.byteLength(i)): void {
    this.shorten(i, length);
    this.mark(i, MARK.reply);
  }

  /** @internal Forgets the marks. */
  override release(): void {
    if (this.#marked) this.marks.fill(MARK.none);
    this.#marked = false;
    super.release();
  }

  /** Marks packet `i`; the last mark counts. */
  protected mark(i: number, mark: number): void {
    this.check(i);
    this.marks[i] = mark;
    this.#marked = true;
  }
}
