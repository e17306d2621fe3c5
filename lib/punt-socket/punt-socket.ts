// Receives the packets that VPP punts to a socket.
import { PuntError } from "../errors.js";
import { type NativePuntSocket, native } from "../native.js";
import { OptionCheck } from "../options.js";
import { BatchTable } from "../packet/index.js";
import { PuntBatch } from "./batch.js";
import { PuntAction } from "./descriptor.js";
import { nativeOptions, type PuntSocketOptions } from "./options.js";
import { emitOnce, type PuntWarning, queueLimitWarning, readQueueLimit } from "./queue-limit.js";
import { SlabMemory } from "./slab.js";
import { type PuntSocketStats, toStats } from "./stats.js";

/** Batches that an iterator returns before other events have their turn. */
const BATCHES_A_TURN = 16;

/** Errors of a VPP that is not there yet, which do not deserve a warning. */
const ABSENT: readonly (string | undefined)[] = [undefined, "ENOENT", "ECONNREFUSED"];

type Handler = (batch: PuntBatch) => void;
type Settle = (result: IteratorResult<PuntBatch, undefined>) => void;

/**
 * Receives the packets that VPP punts to a socket (`punt_socket_register`): Ethernet frames with the sw_if_index of the interface
 * that they came in on. Open the socket before registering it; answer with a {@link PuntInjector}.
 *
 * Packets come in one of three ways: to the handler of `receive`; by `for await (const batch of socket)`; or by calls of `poll`. A
 * batch and its views are valid until the handler returns, or until the loop asks for the next batch; `copy` keeps a packet.
 *
 * The socket is always drained, because all of VPP's clients share its one send buffer: when JavaScript is late, a native thread
 * reads, and packets wait in a ring of slabs. When the ring is full, the newest packets are dropped and counted.
 */
export class PuntSocket implements AsyncIterable<PuntBatch>, Disposable {
  /** Where the socket receives; empty for a socket opened by `descriptor`. */
  readonly path: string;
  /** `net.unix.max_dgram_qlen` at opening; undefined if it could not be read. */
  readonly queueLimit: number | undefined;
  readonly #native: NativePuntSocket;
  readonly #table: BatchTable;
  readonly #location = new Uint32Array(2);
  readonly #slabs: SlabMemory[] = [];
  /** The batch of the current burst. Every burst of an iterator has its own, so that an old one never shows a new burst. */
  #batch: PuntBatch;
  #handler: Handler | undefined;
  #waiting: Settle | undefined;
  #iterating = false;
  #inHandler = false;
  #pausing = false;
  #lastStats: PuntSocketStats | undefined;

  /**
   * Binds the path and connects to VPP's socket. Replaces a file that a dead process left at the path.
   *
   * @throws PuntError ERR_OPTION: an option is wrong (`details.option`); EADDRINUSE: a living process owns the path; EEXIST: something
   * other than a socket is there; EPROTOTYPE: `descriptor` is not a UNIX datagram socket; the errno name of another failure
   */
  static open(options: PuntSocketOptions): PuntSocket {
    return new PuntSocket(options);
  }

  private constructor(options: PuntSocketOptions) {
    const checked = nativeOptions(options);
    this.#table = new BatchTable(checked.batchSize);
    this.path = checked.path;
    this.#batch = new PuntBatch(this.#table);
    const columns = new Uint32Array(this.#table.buffer);
    const { descriptor } = options;
    const onBurst = (count: number) => this.#receive(count);
    try {
      this.#native = new native.PuntSocket(checked, columns, this.#location, onBurst, descriptor?.handOver());
    } finally {
      descriptor?.close();
    }
    this.#native.setRef(false);
    this.queueLimit = readQueueLimit();
    try {
      this.#warn(options.onWarning ?? emitOnce, checked.vppPath);
    } catch (error) {
      this.#native.close();
      throw error;
    }
    if (options.onBatch !== undefined) this.receive(options.onBatch);
  }

  /**
   * Calls `handler` with every burst from now on; a further call replaces the handler. An error that the handler throws becomes an
   * uncaughtException, and later bursts still come.
   *
   * @throws PuntError ERR_OPTION: not a function; ERR_MODE: an iterator takes the packets; ERR_CLOSED
   */
  receive(handler: (batch: PuntBatch) => void): void {
    const op = "punt-socket.receive";
    new OptionCheck(op).callback("handler", handler);
    this.#checkOpen(op);
    if (this.#iterating) throw new PuntError(op, "ERR_MODE", "an iterator takes the packets");
    if (this.#handler === undefined) this.#native.setRef(true);
    this.#handler = handler;
    if (!this.#pausing) this.#native.start();
  }

  /**
   * Passes one burst to the handler if packets wait, without waiting for any, and returns the number of packets: for a loop that runs
   * to completion. For a socket without a handler of `receive`. An error that the handler throws comes out of here.
   *
   * @throws PuntError ERR_MODE: packets go to a handler or an iterator; ERR_CLOSED
   */
  poll(handler: (batch: PuntBatch) => void): number {
    this.#checkOpen("punt-socket.poll");
    if (this.#handler !== undefined || this.#iterating || this.#inHandler) {
      const taken = this.#inHandler ? "a handler is running" : "packets go to a handler or an iterator";
      throw new PuntError("punt-socket.poll", "ERR_MODE", taken);
    }
    const count = this.#native.pull();
    if (count > 0) this.#deliver(count, handler);
    return count;
  }

  /**
   * Returns the batches as they come; each is valid until the loop asks for the next, also after `close`. While the loop's body works,
   * packets wait in the slab ring. Leaving the loop leaves the socket open, and `close` ends the loop.
   *
   * @throws PuntError ERR_MODE: packets go to a handler or another iterator; ERR_CLOSED
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<PuntBatch, undefined> {
    const op = "punt-socket.iterate";
    this.#checkOpen(op);
    if (this.#handler !== undefined || this.#iterating) {
      throw new PuntError(op, "ERR_MODE", "packets go to a handler or another iterator");
    }
    this.#iterating = true;
    this.#native.setRef(true);
    let sinceWaiting = 0;
    const iterator: AsyncIterableIterator<PuntBatch, undefined> = {
      [Symbol.asyncIterator]: () => iterator,
      next: () => {
        if (this.#waiting !== undefined) {
          return Promise.reject(new PuntError(op, "ERR_MODE", "next() before the last one was settled"));
        }
        this.#endBatch();
        if (!this.#iterating) return Promise.resolve({ done: true, value: undefined });
        sinceWaiting = sinceWaiting === BATCHES_A_TURN ? 0 : sinceWaiting + 1;
        const count = sinceWaiting === 0 || this.#pausing ? 0 : this.#native.pull();
        return count > 0 ? Promise.resolve({ done: false, value: this.#next(count) }) : this.#wait();
      },
      return: () => {
        this.#endIteration();
        this.#endBatch();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
    return iterator;
  }

  /** Makes a native thread read, discard and count (`dropped.paused`) all further packets; packets read before stay. */
  pause(): void {
    this.#pausing = true;
    this.#native.pause();
    this.#native.stop();
  }

  /** Ends `pause`. */
  resume(): void {
    this.#pausing = false;
    this.#native.resume();
    if (this.#handler !== undefined || this.#waiting !== undefined) this.#native.start();
  }

  /**
   * Connects to VPP's punt socket as it is now. Call it after a restart of VPP (the binary API's client reports it); without a call
   * the socket notices within a second. Packets queued from the old VPP are read first.
   *
   * @param vppPath another path of VPP's socket, from `punt_socket_register_reply.pathname`
   * @returns whether the socket is connected now; `stats().connectError` says why not
   * @throws PuntError ERR_OPTION: the path is wrong
   */
  reconnect(vppPath?: string): boolean {
    const check = new OptionCheck("punt-socket.reconnect");
    const path = vppPath === undefined ? undefined : check.socketPath("vppPath", vppPath);
    return this.#lastStats === undefined && this.#native.reconnect(path) === undefined;
  }

  /** Returns the counters since opening; of a closed socket, those at closing. */
  stats(): PuntSocketStats {
    return this.#lastStats ?? toStats(this.#native.stats()!);
  }

  /** Keeps the process running while the socket is open (the default with a handler or an iterator). */
  ref(): this {
    this.#native.setRef(true);
    return this;
  }

  /** Lets the process end although the socket is open. */
  unref(): this {
    this.#native.setRef(false);
    return this;
  }

  /**
   * Stops receiving and removes the socket's file. Packets that the application has not received yet are lost. In a handler the batch
   * stays valid until the handler returns, in a loop until the loop asks for the next. Deregister with VPP first. Does nothing the
   * second time.
   */
  close(): void {
    if (this.#lastStats !== undefined) return;
    this.#lastStats = this.stats();
    this.#native.close();
    this.#endIteration();
    if (!this.#inHandler && this.#batch.length === 0) this.#forget();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * @internal Sends a packet to a client's path as VPP does: one attempt, from this socket. Returns the name of the error (`EAGAIN`:
   * the client's queue or the send buffer is full), or undefined.
   */
  sendTo(path: string, swIfIndex: number, packet: Uint8Array): string | undefined {
    return this.#native.sendTo(path, swIfIndex, PuntAction.L2, packet);
  }

  #checkOpen(op: string): void {
    if (this.#lastStats !== undefined) throw new PuntError(op, "ERR_CLOSED", "the socket is closed");
  }

  #receive(count: number): void {
    if (this.#handler !== undefined) {
      this.#deliver(count, this.#handler);
      return;
    }
    const settle = this.#waiting!;
    this.#waiting = undefined;
    this.#native.stop();
    settle({ done: false, value: this.#next(count) });
  }

  #deliver(count: number, handler: Handler): void {
    this.#inHandler = true;
    try {
      handler(this.#fill(count));
    } finally {
      this.#inHandler = false;
      this.#endBatch();
    }
  }

  #next(count: number): PuntBatch {
    this.#batch = new PuntBatch(this.#table);
    return this.#fill(count);
  }

  #fill(count: number): PuntBatch {
    const slab = this.#location[0]!;
    this.#slabs[slab] ??= new SlabMemory(this.#native, this.#location);
    this.#batch.fill(this.#slabs[slab], count);
    return this.#batch;
  }

  #wait(): Promise<IteratorResult<PuntBatch, undefined>> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      if (!this.#pausing) this.#native.start();
    });
  }

  #endIteration(): void {
    if (!this.#iterating) return;
    this.#iterating = false;
    this.#native.stop();
    this.#native.setRef(false);
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  /** The application is done with the current batch. */
  #endBatch(): void {
    this.#batch.release();
    if (this.#lastStats !== undefined) this.#forget();
  }

  /** Lets go of the slabs: no view shows their memory any more. */
  #forget(): void {
    for (const slab of this.#slabs) slab?.revoke();
    this.#slabs.length = 0;
  }

  #warn(onWarning: (warning: PuntWarning) => void, vppPath: string): void {
    const limit = queueLimitWarning(this.queueLimit);
    if (limit !== undefined) onWarning(limit);
    const { connectError } = this.stats();
    if (vppPath === "" || ABSENT.includes(connectError)) return;
    const message =
      `${this.path} could not be connected to VPP's punt socket ${vppPath} (${connectError}): only net.unix.max_dgram_qlen ` +
      "packets are queued, and the rest is lost. VPP's socket file must be writable by this process's user.";
    onWarning({ code: "NOT_CONNECTED", message });
  }
}
