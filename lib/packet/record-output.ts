// A file or pipe that takes whole records: whatever fails on the way, no record in it is corrupt.
import { closeSync, fstatSync, ftruncateSync, openSync, unlinkSync, writeSync } from "node:fs";
import { PuntError } from "../errors.js";
import { OptionCheck } from "../options.js";

/** Room for the longest record and then some, so that a system call takes many. */
const CAPACITY = 512 * 1024;

const LARGEST_DESCRIPTOR = 2 ** 31 - 1;
/** The error of a pipe or socket that is full for now. */
const FULL = "EAGAIN";

/**
 * Gathers records and writes them in order.
 *
 * A record that `append` took is never lost silently. When a write fails (a full disk, a reader that is gone), the error is
 * thrown, the record is not taken, and the records taken before wait for the next write. A file is cut back to its last whole
 * record at once. A pipe goes on at the byte at which it stopped.
 */
export class RecordOutput {
  readonly #op: string;
  readonly #target: string | number;
  readonly #fd: number;
  readonly #isFile: boolean;
  readonly #buffer = Buffer.alloc(CAPACITY);
  readonly #view: DataView;
  #used = 0;
  /** Where the records in the buffer end. */
  #ends: number[] = [];
  /** Where a file opened by path goes on; a descriptor of the caller's has its own position. */
  #position = 0;
  #closed = false;
  #broken: PuntError | undefined;

  /**
   * Opens `target`: a path, whose file is replaced, or a descriptor of the caller's, which stays open at `close`. `start` is the
   * first record.
   *
   * @throws PuntError with the errno name when opening or the first write fails; a file that did not exist is removed again
   */
  constructor(kind: string, target: string | number, start: Uint8Array) {
    this.#op = `${kind}.write`;
    this.#target = target;
    this.#view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, CAPACITY);
    const { fd, isNew } = openTarget(`${kind}.open`, target);
    this.#fd = fd;
    this.#isFile = isFile(`${kind}.open`, target, fd);
    try {
      this.append(start.length, (buffer, _, at) => buffer.set(start, at));
      this.flush();
    } catch (error) {
      this.#closed = true;
      if (typeof target === "string") closeSync(fd);
      if (isNew) unlinkSync(target as string);
      throw error;
    }
  }

  /**
   * Takes a record of `size` bytes, which `fill` writes at `at` if there is room for it.
   *
   * @throws PuntError ERR_CLOSED, or the errno name when writing fails
   */
  append(size: number, fill: (buffer: Buffer, view: DataView, at: number) => void): void {
    if (this.#closed) throw new PuntError(this.#op, "ERR_CLOSED", "the file is closed");
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#used + size > CAPACITY) this.#flush();
    if (this.#used + size > CAPACITY) throw this.#failure(FULL, "the reader takes nothing at present");
    fill(this.#buffer, this.#view, this.#used);
    this.#used += size;
    this.#ends.push(this.#used);
  }

  /**
   * Writes the records to the system. What a full pipe does not take waits for the next call.
   *
   * @throws PuntError with the errno name
   */
  flush(): void {
    if (this.#closed) throw new PuntError(this.#op, "ERR_CLOSED", "the file is closed");
    this.#flush();
  }

  /**
   * Flushes and closes. Does nothing the second time.
   *
   * @throws PuntError with the errno name when the last records can't be written; `details.lost` is how many. The file is closed
   */
  close(): void {
    if (this.#closed) return;
    try {
      this.#flush();
      if (this.#ends.length > 0) throw this.#failure(FULL, "the reader takes nothing at present");
    } finally {
      this.#closed = true;
      if (typeof this.#target === "string") closeSync(this.#fd);
    }
  }

  #flush(): void {
    if (this.#broken !== undefined) throw this.#broken;
    let sent = 0;
    try {
      while (sent < this.#used) sent += this.#write(sent);
    } catch (cause) {
      const { code = "UNKNOWN", message } = cause as NodeJS.ErrnoException;
      this.#keepFrom(code === FULL ? sent : this.#mend(sent));
      if (code === FULL) return;
      const error = this.#failure(code, message, cause);
      if (typeof this.#target === "number") this.#broken = error;
      throw error;
    }
    this.#keepFrom(sent);
  }

  #write(from: number): number {
    const position = typeof this.#target === "string" && this.#isFile ? this.#position : null;
    const written = writeSync(this.#fd, this.#buffer, from, this.#used - from, position);
    this.#position += written;
    return written;
  }

  /** After `sent` bytes a write failed: cuts a file back to its last whole record. Returns where the next write starts. */
  #mend(sent: number): number {
    if (!this.#isFile) return sent;
    const whole = this.#ends.findLast((end) => end <= sent) ?? 0;
    try {
      ftruncateSync(this.#fd, fstatSync(this.#fd).size - (sent - whole));
    } catch {
      return sent; // a file that only grows: it goes on at the byte at which it stopped
    }
    this.#position -= sent - whole;
    return whole;
  }

  /** Forgets the bytes before `start`. */
  #keepFrom(start: number): void {
    if (start === this.#used) {
      this.#used = 0;
      this.#ends.length = 0;
      return;
    }
    this.#buffer.copyWithin(0, start, this.#used);
    this.#used -= start;
    this.#ends = this.#ends.filter((end) => end > start).map((end) => end - start);
  }

  #failure(code: string, message: string, cause?: unknown): PuntError {
    const where = typeof this.#target === "string" ? this.#target : `descriptor ${this.#target}`;
    const details = { target: this.#target, lost: this.#ends.length };
    return new PuntError(this.#op, code, `${where}: ${message}`, details, cause);
  }
}

function openTarget(op: string, target: string | number): { fd: number; isNew: boolean } {
  if (typeof target === "number") {
    new OptionCheck(op).integer("target", target, 0, LARGEST_DESCRIPTOR);
    return { fd: target, isNew: false };
  }
  try {
    return { fd: openSync(target, "wx"), isNew: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw openFailure(op, target, error);
  }
  try {
    return { fd: openSync(target, "w"), isNew: false };
  } catch (error) {
    throw openFailure(op, target, error);
  }
}

function isFile(op: string, target: string | number, fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch (error) {
    throw openFailure(op, target, error);
  }
}

function openFailure(op: string, path: string | number, cause: unknown): PuntError {
  const { code = "UNKNOWN", message } = cause as NodeJS.ErrnoException;
  return new PuntError(op, code, message, { path }, cause);
}
