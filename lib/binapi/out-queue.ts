// Encoded messages that wait to be sent.
import type { Writer } from "./cursor.js";

/** The queue removes sent bytes from the buffer's front when there are this many. */
const COMPACT_AT = 1 << 18;

/** A frame that waits for credit. */
interface Waiting {
  readonly mark: number;
  end: number;
  isWithdrawn: boolean;
}

/**
 * Frames to send, encoded one behind the other, so that one system call sends many. Frames beyond the credit wait in the same
 * buffer. Positions count from the start of the stream and stay valid when the buffer moves. A frame that is withdrawn keeps its place until
 * credit comes or half of the waiting frames are withdrawn, so that withdrawing thousands moves each of the others a few times. Then those
 * behind it move, so a frame's mark is its number.
 */
export class OutQueue {
  #base = 0;
  #sent = 0;
  #allowed = 0;
  #frameStart = 0;
  #committed = 0;
  /** The frames that wait for credit, in order, from index `firstWaiting` on. */
  #waiting: Waiting[] = [];
  #firstWaiting = 0;
  /** Number of frames that have been withdrawn and still have their places. */
  #withdrawn = 0;
  #credit: number;
  #isHeld = false;

  constructor(
    readonly writer: Writer,
    credit: number,
  ) {
    this.#credit = credit;
  }

  /** Starts a frame. */
  begin(): void {
    this.#frameStart = this.#base + this.writer.at;
  }

  /** Returns the start of the current frame, as an index in the writer's buffer. */
  startInBuffer(): number {
    return this.#frameStart - this.#base;
  }

  rollback(): void {
    this.writer.at = this.#frameStart - this.#base;
  }

  /** Ends the frame and returns its mark. */
  commit(): number {
    const end = this.#base + this.writer.at;
    const mark = ++this.#committed;
    if (this.#credit > 0 && !this.#isHeld) {
      this.#credit--;
      this.#allowed = end;
    } else {
      this.#waiting.push({ mark, end, isWithdrawn: false });
    }
    return mark;
  }

  addCredit(count: number): void {
    this.#credit += count;
    this.#grant();
  }

  /** While the socket takes nothing, frames wait even if there is credit for them, so that they can still be withdrawn. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#grant();
  }

  /** Gives the credit to the frames that wait, in order. */
  #grant(): void {
    if (this.#isHeld) return;
    if (this.#withdrawn > 0) this.#closeGaps();
    for (; this.#credit > 0 && this.#firstWaiting < this.#waiting.length; this.#credit--)
      this.#allowed = this.#waiting[this.#firstWaiting++]!.end;
    if (this.#firstWaiting > 1024 && this.#firstWaiting * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#firstWaiting);
      this.#firstWaiting = 0;
    }
  }

  /** Returns the number of bytes that have credit. */
  sendable(): number {
    return this.#allowed - this.#sent;
  }

  /** Returns the start of the next bytes to send, as an index in the writer's buffer. */
  sendStart(): number {
    return this.#sent - this.#base;
  }

  /** Notes that `size` bytes have been sent. */
  advance(size: number): void {
    this.#sent += size;
    const gone = this.#sent - this.#base;
    if (gone === this.writer.at) this.#cut(gone);
    else if (gone >= COMPACT_AT) this.#cut(gone);
  }

  #cut(gone: number): void {
    const { writer } = this;
    writer.bytes.copyWithin(0, gone, writer.at);
    writer.at -= gone;
    this.#base += gone;
  }

  /** Drops the frames that wait for credit. */
  dropWaiting(): void {
    this.writer.at = this.#allowed - this.#base;
    this.#forgetWaiting([]);
  }

  #forgetWaiting(kept: Waiting[]): void {
    this.#waiting = kept;
    this.#firstWaiting = 0;
    this.#withdrawn = 0;
  }

  /** Removes a waiting frame. Returns false if the frame may have been sent. */
  withdraw(mark: number): boolean {
    const frame = this.#waiting[this.#indexOf(mark)];
    if (frame?.mark !== mark) return false;
    frame.isWithdrawn = true;
    this.#withdrawn++;
    if (this.#withdrawn * 2 > this.#waiting.length - this.#firstWaiting) this.#closeGaps();
    return true;
  }

  /** Moves the waiting frames to the places of withdrawn frames. */
  #closeGaps(): void {
    const { bytes } = this.writer;
    const base = this.#base;
    const kept: Waiting[] = [];
    let start = this.#allowed;
    let free = start;
    for (const frame of this.#waiting.slice(this.#firstWaiting)) {
      const { end } = frame;
      if (!frame.isWithdrawn) {
        bytes.copyWithin(free - base, start - base, end - base);
        free += end - start;
        frame.end = free;
        kept.push(frame);
      }
      start = end;
    }
    this.writer.at = free - base;
    this.#forgetWaiting(kept);
  }

  /** Returns the index of the first waiting frame whose mark is `mark` or higher. */
  #indexOf(mark: number): number {
    let low = this.#firstWaiting;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#waiting[middle]!.mark < mark) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
