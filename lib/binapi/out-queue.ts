// Encoded messages that wait to be sent.
import type { Writer } from "./cursor.js";

/** The queue removes sent bytes from the buffer's front when there are this many. */
const COMPACT_AT = 1 << 18;

/**
 * Frames to send, encoded one behind the other, so that one system call sends many. Frames beyond the credit wait in the same
 * buffer. Positions count from the start of the stream and stay valid when the buffer moves.
 */
export class OutQueue {
  #base = 0;
  #sent = 0;
  #allowed = 0;
  #frameStart = 0;
  /** Ends of the frames that wait for credit, in order, from index `firstWaiting` on. */
  #waiting: number[] = [];
  #firstWaiting = 0;
  #credit: number;

  constructor(
    readonly writer: Writer,
    credit: number,
  ) {
    this.#credit = credit;
  }

  /** Starts a frame and returns its position. */
  begin(): number {
    this.#frameStart = this.#base + this.writer.at;
    return this.#frameStart;
  }

  /** Returns the start of the current frame, as an index in the writer's buffer. */
  startInBuffer(): number {
    return this.#frameStart - this.#base;
  }

  rollback(): void {
    this.writer.at = this.#frameStart - this.#base;
  }

  commit(): number {
    const end = this.#base + this.writer.at;
    if (this.#credit > 0) {
      this.#credit--;
      this.#allowed = end;
    } else {
      this.#waiting.push(end);
    }
    return this.#frameStart;
  }

  addCredit(count: number): void {
    for (; count > 0 && this.#firstWaiting < this.#waiting.length; count--)
      this.#allowed = this.#waiting[this.#firstWaiting++]!;
    this.#credit += count;
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
    this.#waiting = [];
    this.#firstWaiting = 0;
  }

  /** Removes the waiting frame that starts at `start`. Returns false if the frame may have been sent. */
  withdraw(start: number): boolean {
    const starts = (index: number) => (index === this.#firstWaiting ? this.#allowed : this.#waiting[index - 1]!);
    let index = this.#firstWaiting;
    while (index < this.#waiting.length && starts(index) !== start) index++;
    if (index >= this.#waiting.length) return false;
    const size = this.#waiting[index]! - start;
    const { writer } = this;
    writer.bytes.copyWithin(start - this.#base, start - this.#base + size, writer.at);
    writer.at -= size;
    this.#waiting.splice(index, 1);
    for (let i = index; i < this.#waiting.length; i++) this.#waiting[i]! -= size;
    return true;
  }
}
