// Receives the packets that VPP punts to a socket.
import { type NativePuntSocket, native } from "../native.js";
import { OptionCheck } from "../options.js";
import { BatchFeed, BatchTable, checkFilter, type PortFilter } from "../packet/index.js";
import { inodeOf } from "../sockets/index.js";
import { PuntBatch } from "./batch.js";
import { PuntAction } from "./descriptor.js";
import { nativeOptions, type PuntSocketOptions } from "./options.js";
import { emitOnce, type PuntWarning, queueLimitWarning, readQueueLimit } from "./queue-limit.js";
import { Slabs } from "./slab.js";
import { type PuntSocketStats, toStats } from "./stats.js";

/** Errors of a VPP that is not there yet, which do not deserve a warning. */
const ABSENT: readonly (string | undefined)[] = [undefined, "ENOENT", "ECONNREFUSED"];

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
  readonly #feed: BatchFeed<PuntBatch>;
  readonly #inode: bigint | undefined;
  #lastStats: PuntSocketStats | undefined;

  /**
   * Binds the path and connects to VPP's socket. Replaces a file that a dead process left at the path.
   *
   * @throws PuntError ERR_OPTION: an option is wrong (`details.option`); EADDRINUSE: a living process owns the path; EEXIST: something
   * other than a socket is there; EPROTOTYPE: `descriptor` is not a UNIX datagram socket; the errno name of another failure
   * @example
   * ```ts
   * import { PuntSocket } from "vpp-punt";
   *
   * using socket = PuntSocket.open({ path: "/run/dns.sock" });
   * // Register the path with VPP now: punt_socket_register.
   * for await (const batch of socket) {
   *   for (let i = 0; i < batch.length; i++) console.log(batch.swIfIndex(i), batch.byteLength(i));
   * }
   * ```
   */
  static open(options: PuntSocketOptions): PuntSocket {
    return new PuntSocket(options);
  }

  private constructor(options: PuntSocketOptions) {
    const checked = nativeOptions(options);
    const filter = checkFilter(new OptionCheck("punt-socket.open"), options.filter);
    const table = new BatchTable(checked.batchSize);
    this.path = checked.path;
    const columns = new Uint32Array(table.buffer);
    const location = new Uint32Array(2);
    const { descriptor } = options;
    const onBurst = (count: number) => this.#feed.onBurst(count);
    try {
      this.#native = new native.PuntSocket(checked, columns, location, onBurst, descriptor?.handOver());
    } finally {
      descriptor?.close();
    }
    this.#inode = inodeOf(this.path);
    this.#native.setRef(false);
    this.#native.setFilter(filter?.handle);
    const slabs = new Slabs(this.#native, location);
    this.#feed = new BatchFeed("punt-socket", this.#native, {
      create: () => new PuntBatch(table),
      memory: () => slabs.current(),
      forget: () => slabs.forget(),
    });
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
   * @example
   * ```ts
   * import { PuntSocket } from "vpp-punt";
   *
   * using socket = PuntSocket.open({ path: "/run/my-cnf.sock" });
   * socket.receive((batch) => {
   *   for (let i = 0; i < batch.length; i++) console.log(batch.swIfIndex(i), batch.byteLength(i));
   * });
   * ```
   */
  receive(handler: (batch: PuntBatch) => void): void {
    this.#feed.receive(handler);
  }

  /**
   * Passes one burst to the handler if packets wait, without waiting for any, and returns the number of packets: for a loop that runs
   * to completion. For a socket without a handler of `receive`. An error that the handler throws comes out of here.
   *
   * @throws PuntError ERR_MODE: packets go to a handler or an iterator; ERR_CLOSED
   */
  poll(handler: (batch: PuntBatch) => void): number {
    return this.#feed.poll(handler);
  }

  /**
   * Returns the batches as they come; each is valid until the loop asks for the next, also after `close`. While the loop's body works,
   * packets wait in the slab ring. Leaving the loop leaves the socket open, and `close` ends the loop.
   *
   * @throws PuntError ERR_MODE: packets go to a handler or another iterator; ERR_CLOSED
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<PuntBatch, undefined> {
    return this.#feed.iterate();
  }

  /**
   * Changes the option `filter`, from the next burst on; undefined: the program gets all packets. Packets that a native thread has read
   * while JavaScript was late are filtered when it comes back.
   *
   * @throws PuntError ERR_OPTION: neither a filter nor rules, or a rule has the action `"pass"`
   */
  setFilter(filter: PortFilter | undefined): void {
    this.#native.setFilter(checkFilter(new OptionCheck("punt-socket.setFilter"), filter)?.handle);
  }

  /** Makes a native thread read, discard and count (`dropped.paused`) all further packets; packets read before stay. */
  pause(): void {
    this.#native.pause();
    this.#feed.pause();
  }

  /** Ends `pause`. */
  resume(): void {
    this.#native.resume();
    this.#feed.resume();
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
    return this.#lastStats ?? toStats(this.#native.stats()!, this.#inode === inodeOf(this.path));
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
    this.#feed.close();
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
