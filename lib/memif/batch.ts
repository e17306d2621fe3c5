// The batch of a memif queue: its packets can be sent back in place.
import { type BatchTable, PacketBatch } from "../packet/index.js";

/** The mark of a packet that is sent back (RxBinding::Reply in native/memif/binding). */
const REPLY = 1;

/** The packets of one burst of a memif queue. */
export class MemifBatch extends PacketBatch {
  /** @internal How many packets are marked. */
  replies = 0;
  /** @internal One mark for each packet. */
  readonly marks: Uint8Array;

  /** @internal Queues make their batches. */
  constructor(table: BatchTable) {
    super(table);
    this.marks = new Uint8Array(table.capacity);
  }

  /**
   * Sends packet `i` back when the handler returns, with its bytes as they are then: swap and edit them in place. On a client's port the
   * buffer itself goes to the peer, and nothing is copied; a server's port copies natively. Replies leave in the order of the packets on
   * the transmit queue of the receive queue's number (or the last one, if the port has fewer), after everything that the handler has sent
   * itself. A reply that finds the ring full is dropped, counted in `refused` of that queue, and followed by a `drain` event.
   *
   * The packet keeps its length; `length` makes it shorter. Calling it again for the same packet changes nothing but the length.
   *
   * @throws PuntError ERR_OUT_OF_RANGE: there is no packet `i`, or `length` is not from 1 to its length.
   * @throws PuntError ERR_BATCH_RELEASED: the handler has returned.
   */
  reply(i: number, length: number = this.byteLength(i)): void {
    this.shorten(i, length);
    if (this.marks[i] === REPLY) return;
    this.marks[i] = REPLY;
    this.replies++;
  }

  /** @internal Forgets the marks. */
  override release(): void {
    if (this.replies > 0) {
      this.marks.fill(0);
      this.replies = 0;
    }
    super.release();
  }
}
