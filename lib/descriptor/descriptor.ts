// An open descriptor with one owner, for handing over.
import { closeSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { PuntError } from "../errors.js";
import { type NativeDescriptor, native } from "../native.js";
import { show } from "../options.js";

/**
 * Owns one open file descriptor: a socket, a namespace, a process. Its holder closes it. The garbage
 * collector closes a dropped one, and the end of a worker thread closes all of that thread's. Every one is close-on-exec.
 */
export class Descriptor implements Disposable {
  readonly #native: NativeDescriptor;

  private constructor(owner: NativeDescriptor) {
    this.#native = owner;
  }

  /**
   * Takes over the ownership of an open descriptor: the caller must not close it, or use its number, any more. In a worker thread
   * the object has another number.
   *
   * @throws PuntError `ERR_OPTION` unless `fd` is a descriptor's number; in a worker thread, `EMFILE` when the process has too many
   * @example
   * ```ts
   * import { openSync } from "node:fs";
   * import { Descriptor } from "vpp-punt";
   *
   * using device = Descriptor.own(openSync("/dev/net/tun", "r+"));
   * console.log(device.fd, device.isOpen);
   * ```
   */
  static own(fd: number): Descriptor {
    if (!Number.isInteger(fd) || fd < 0 || fd > 0x7fffffff) {
      throw new PuntError("descriptor.own", "ERR_OPTION", `a descriptor is a number from 0 on; got ${show(fd)}`, {
        option: "fd",
      });
    }
    const taken = new native.Descriptor(fd);
    return new Descriptor(isMainThread ? taken : apart(taken));
  }

  /** @internal Wraps what native code has opened. */
  static of(owner: NativeDescriptor): Descriptor {
    return new Descriptor(owner);
  }

  /** Whether it is open and owned by this object. */
  get isOpen(): boolean {
    return this.#native.number() >= 0;
  }

  /**
   * The descriptor's number, for calls that borrow it.
   *
   * @throws PuntError `ERR_CLOSED` once it was closed or released
   */
  get fd(): number {
    const fd = this.#native.number();
    if (fd < 0) throw new PuntError("descriptor.use", "ERR_CLOSED", "the descriptor was closed, or given away");
    return fd;
  }

  /**
   * Gives the ownership away: returns the number, which the caller has to close.
   *
   * @throws PuntError `ERR_CLOSED` once it was closed or released
   */
  release(): number {
    void this.fd;
    return this.#native.release();
  }

  /**
   * Opens a second descriptor of the same open file.
   *
   * @throws PuntError `ERR_CLOSED`; `EMFILE` when the process has too many
   */
  duplicate(): Descriptor {
    void this.fd;
    return new Descriptor(this.#native.duplicate());
  }

  /** @internal The native object, which the callee empties. */
  handOver(): NativeDescriptor {
    void this.fd;
    return this.#native;
  }

  /** Closes it. Does nothing the second time, or after `release`. */
  close(): void {
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Returns the owner of a second number of the same open file, and lets `node:fs` close the first one. At the end of a worker thread
 * Node closes each number that `node:fs` has opened there and not closed: by then it may be another thread's.
 */
function apart(taken: NativeDescriptor): NativeDescriptor {
  let fd: number;
  let second: NativeDescriptor;
  try {
    second = taken.duplicate();
  } finally {
    fd = taken.release();
  }
  closeSync(fd);
  return second;
}

/** Closes all of them. */
export function closeAll(descriptors: Iterable<Descriptor>): void {
  for (const descriptor of descriptors) descriptor.close();
}
