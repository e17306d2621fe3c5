import { PuntError } from "./errors.js";
import { type NativePuntSocket, native } from "./native.js";
import { BatchTable } from "./packet/batch.js";
import { PuntAction, PuntBatch } from "./punt-socket/batch.js";
import { nativeOptions, type PuntSocketOptions, socketPath } from "./punt-socket/options.js";
import { emitOnce, type PuntWarning, queueLimitWarning, readQueueLimit } from "./punt-socket/queue-limit.js";
import { SlabMemory } from "./punt-socket/slab.js";
import { type PuntSocketStats, toStats } from "./punt-socket/stats.js";

export { PuntAction, PuntBatch } from "./punt-socket/batch.js";
export {
  type KnownInterfaces,
  PuntInjector,
  type PuntInjectorEvents,
  type PuntInjectorOptions,
  type PuntInjectorStats,
} from "./punt-socket/injector.js";
export { DEFAULT_VPP_PUNT_PATH, type PuntSocketOptions } from "./punt-socket/options.js";
export type { PuntWarning } from "./punt-socket/queue-limit.js";
export type { PuntSocketStats } from "./punt-socket/stats.js";

/** Batches that an iterator hands out before the event loop gets its turn. */
const BATCHES_A_TURN = 16;

/**
 * Receives the packets that VPP punts to a socket (`punt_socket_register`): Ethernet frames with the sw_if_index they came
 * in on. Open it before registering; inject answers with a {@link PuntInjector}.
 *
 * Packets come in one of three ways: to the handler `onBatch`; by `for await (const batch of socket)`; or by calling `poll`.
 * A batch and its views are valid until the handler returns, or until the loop asks for the next batch; `copy` keeps a packet.
 *
 * The socket is always drained, because VPP's one send buffer is shared by all of its clients: when JavaScript is late, a
 * native thread reads, and packets wait in a ring of slabs. When that is full the newest are dropped and counted.
 */
export class PuntSocket implements AsyncIterable<PuntBatch> {
  /** Where it receives. */
  readonly path: string;
  /** `net.unix.max_dgram_qlen` when it was opened; undefined if that could not be read. */
  readonly queueLimit: number | undefined;
  private readonly native: NativePuntSocket;
  private readonly batch: PuntBatch;
  private readonly location = new Uint32Array(2);
  private readonly slabs: SlabMemory[] = [];
  private readonly onBatch: ((batch: PuntBatch) => void) | undefined;
  private waiting: ((result: IteratorResult<PuntBatch, undefined>) => void) | undefined;
  private iterating = false;
  private inHandler = false;
  private pausing = false;
  private lastStats: PuntSocketStats | undefined;

  /**
   * Binds the path and connects to VPP's socket. A file that a dead process left at the path is replaced.
   *
   * @throws PuntError with code ERR_OPTION (an option is wrong: `details.option`), EADDRINUSE (a living process receives
   * there), EEXIST (something other than a socket is there), or the errno name of what failed.
   */
  static open(options: PuntSocketOptions): PuntSocket {
    return new PuntSocket(options);
  }

  private constructor(options: PuntSocketOptions) {
    const checked = nativeOptions(options);
    const table = new BatchTable(checked.batchSize);
    this.path = checked.path;
    this.onBatch = options.onBatch;
    this.batch = new PuntBatch(table);
    this.native = new native.PuntSocket(checked, new Uint32Array(table.buffer), this.location, (count) =>
      this.receive(count),
    );
    this.queueLimit = readQueueLimit();
    this.warn(options.onWarning ?? emitOnce, checked.vppPath);
    if (this.onBatch !== undefined) this.native.start();
    else this.native.setRef(false);
  }

  /**
   * Hands one burst to the handler if packets wait, without waiting for any, and returns how many there were: for a loop that
   * runs to completion. For a socket without `onBatch`. What the handler throws comes out of here.
   *
   * @throws PuntError ERR_MODE if the socket has a handler or is being iterated, ERR_CLOSED once closed.
   */
  poll(handler: (batch: PuntBatch) => void): number {
    if (this.lastStats !== undefined) throw new PuntError("punt-socket.poll", "ERR_CLOSED", "the socket is closed");
    if (this.onBatch !== undefined || this.iterating || this.inHandler) {
      const taken = this.inHandler ? "a handler is running" : "packets go to onBatch or an iterator";
      throw new PuntError("punt-socket.poll", "ERR_MODE", taken);
    }
    const count = this.native.pull();
    if (count > 0) this.deliver(count, handler);
    return count;
  }

  /**
   * The batches as they come; each is valid until the next is asked for. While the loop's body works, packets wait in the
   * slab ring. Leaving the loop leaves the socket open, and `close` ends the loop.
   *
   * @throws PuntError ERR_MODE if the socket has a handler or is being iterated already.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<PuntBatch, undefined> {
    if (this.onBatch !== undefined || this.iterating) {
      throw new PuntError("punt-socket.iterate", "ERR_MODE", "packets go to onBatch or another iterator");
    }
    this.iterating = true;
    this.native.setRef(true);
    let sinceWaiting = 0;
    const iterator: AsyncIterableIterator<PuntBatch, undefined> = {
      [Symbol.asyncIterator]: () => iterator,
      next: () => {
        this.batch.release();
        if (!this.iterating) return Promise.resolve({ done: true, value: undefined });
        if (this.waiting !== undefined) {
          return Promise.reject(
            new PuntError("punt-socket.iterate", "ERR_MODE", "next() before the last one was settled"),
          );
        }
        sinceWaiting = sinceWaiting === BATCHES_A_TURN ? 0 : sinceWaiting + 1;
        const count = sinceWaiting === 0 || this.pausing ? 0 : this.native.pull();
        return count > 0 ? Promise.resolve({ done: false, value: this.fill(count) }) : this.wait();
      },
      return: () => {
        this.endIteration();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
    return iterator;
  }

  /** From now on packets are read natively, discarded and counted (`dropped.paused`); those read before stay. */
  pause(): void {
    this.pausing = true;
    this.native.pause();
    this.native.stop();
  }

  /** Ends `pause`. */
  resume(): void {
    this.pausing = false;
    this.native.resume();
    if (this.onBatch !== undefined || this.waiting !== undefined) this.native.start();
  }

  /**
   * Connects to VPP's punt socket as it is now. To be called when VPP has been restarted (the binary API's client knows);
   * without it that is noticed within a second. Packets queued from the old VPP are read first.
   *
   * @param vppPath another path of VPP's socket, as `punt_socket_register_reply.pathname` tells it
   * @returns whether the socket is connected now; `stats().connectError` says why not
   * @throws PuntError ERR_OPTION for a bad path
   */
  reconnect(vppPath?: string): boolean {
    const path = vppPath === undefined ? undefined : socketPath("punt-socket.reconnect", "vppPath", vppPath);
    return this.lastStats === undefined && this.native.reconnect(path) === undefined;
  }

  /** Counters since opening; those at closing once closed. */
  stats(): PuntSocketStats {
    return this.lastStats ?? toStats(this.native.stats()!);
  }

  /** Keeps the process running while the socket waits for packets (the default with a handler or an iterator). */
  ref(): this {
    this.native.setRef(true);
    return this;
  }

  /** Lets the process end although the socket is open. */
  unref(): this {
    this.native.setRef(false);
    return this;
  }

  /**
   * Stops receiving and removes the socket's file. Packets not handed over yet are lost. In a handler the batch stays valid
   * until it returns. Deregister with VPP first. Does nothing the second time.
   */
  close(): void {
    if (this.lastStats !== undefined) return;
    this.lastStats = this.stats();
    this.native.close();
    this.endIteration();
    if (!this.inHandler) this.forget();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * @internal Sends a packet to a client's path as VPP does: one attempt, from this socket. Returns the name of the error
   * (`EAGAIN`: the client's queue or the send buffer is full), or undefined.
   */
  sendTo(path: string, swIfIndex: number, packet: Uint8Array): string | undefined {
    return this.native.sendTo(path, swIfIndex, PuntAction.L2, packet);
  }

  private receive(count: number): void {
    if (this.onBatch !== undefined) {
      this.deliver(count, this.onBatch);
      return;
    }
    const settle = this.waiting!;
    this.waiting = undefined;
    this.native.stop();
    settle({ done: false, value: this.fill(count) });
  }

  private deliver(count: number, handler: (batch: PuntBatch) => void): void {
    this.inHandler = true;
    try {
      handler(this.fill(count));
    } finally {
      this.inHandler = false;
      this.batch.release();
      if (this.lastStats !== undefined) this.forget();
    }
  }

  private fill(count: number): PuntBatch {
    const slab = this.location[0]!;
    this.slabs[slab] ??= new SlabMemory(this.native, this.location);
    this.batch.fill(this.slabs[slab], count);
    return this.batch;
  }

  private wait(): Promise<IteratorResult<PuntBatch, undefined>> {
    return new Promise((resolve) => {
      this.waiting = resolve;
      if (!this.pausing) this.native.start();
    });
  }

  private endIteration(): void {
    if (!this.iterating) return;
    this.iterating = false;
    this.batch.release();
    this.native.stop();
    this.native.setRef(false);
    this.waiting?.({ done: true, value: undefined });
    this.waiting = undefined;
  }

  /** Lets go of the slabs: nothing shows their memory any more. */
  private forget(): void {
    this.batch.release();
    for (const slab of this.slabs) slab?.revoke();
    this.slabs.length = 0;
  }

  private warn(onWarning: (warning: PuntWarning) => void, vppPath: string): void {
    const limit = queueLimitWarning(this.queueLimit);
    if (limit !== undefined) onWarning(limit);
    const { connectError } = this.stats();
    if (vppPath === "" || connectError === undefined || connectError === "ENOENT" || connectError === "ECONNREFUSED")
      return;
    const message =
      `${this.path} could not be connected to VPP's punt socket ${vppPath} (${connectError}): only net.unix.max_dgram_qlen ` +
      "packets are queued, and the rest is lost. VPP's socket file must be writable by this process's user.";
    onWarning({ code: "NOT_CONNECTED", message });
  }
}
