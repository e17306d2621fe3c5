// A memif port as an application opens it: queues, events, counters, and its life from open to close.
import { EventEmitter } from "node:events";
import { Descriptor } from "../descriptor/index.js";
import { PuntError } from "../errors.js";
import { guarded } from "../guarded.js";
import {
  type NativeMemifEvent,
  type NativeMemifPort,
  type NativeMemifSettings,
  type NativeRules,
  native,
} from "../native.js";
import { OptionCheck } from "../options.js";
import { checkFilter, type PacketBatch, type PortFilter } from "../packet/index.js";
import { checkOptions, checkReceiving, type MemifOptions, type Receiving } from "./options.js";
import type { MemifEvents, MemifHandle, MemifPeer, MemifStats } from "./port-types.js";
import { type Forwarding, type MemifHandler, MemifRxQueue, queueTaken } from "./rx-queue.js";
import { MemifTxQueue } from "./tx-queue.js";

/** Open ports of this thread. Node runs no native clean-up at process.exit, so they are closed when it announces the exit. */
const openPorts = new Set<Memif>();
process.once("exit", () => {
  for (const port of openPorts) port.close();
});

type Connect = (onEvent: (event: NativeMemifEvent) => void) => NativeMemifPort;

/**
 * A memif port: shared-memory packet I/O with VPP, DPDK or another memif peer.
 */
export class Memif extends EventEmitter<MemifEvents> {
  /** The peer, while connected. */
  peer: MemifPeer | undefined;
  /** False if received packets are copied: `zeroCopy: false` asked for it, or this runtime refuses foreign memory. */
  readonly zeroCopy: boolean;

  /** @internal The settings of a port that this thread has opened, and not only attached to. */
  readonly own: Readonly<NativeMemifSettings> | undefined;
  readonly #receiving: Receiving;
  readonly #native: NativeMemifPort;
  readonly #rxQueues = new Map<number, MemifRxQueue>();
  readonly #txQueues = new Map<number, MemifTxQueue>();
  /** Called when a peer has connected, before the event. */
  readonly #upHooks: (() => void)[] = [];
  #filter: NativeRules | undefined;
  #lastRefusal = "";
  #adopts = false;
  /** How many control sockets it has taken over. */
  #adopted = 0;
  #closed = false;

  private constructor(receiving: Receiving, own: NativeMemifSettings | undefined, connect: Connect) {
    super();
    this.own = own;
    this.#receiving = receiving;
    this.#native = connect((event) => this.#onEvent(event));
    this.zeroCopy = receiving.zeroCopy && this.#native.zeroCopyAllowed;
    openPorts.add(this);
  }

  /**
   * Opens a port. A client's server may be absent: the client connects when the server is there, and again after every disconnect.
   *
   * @throws PuntError ERR_OPTION: an option is out of its range; `details.option` names it.
   * @throws PuntError ERR_NOT_BUILT: `engine: "libmemif"` in a build without libmemif.
   * @throws PuntError EADDRINUSE: another process, or a server of another thread's addon, listens on the socket.
   * @throws PuntError EEXIST: the id is taken on this socket, or the path holds something other than a socket.
   * @throws PuntError An errno name such as EACCES or EMFILE: the system's reason against the socket or the control thread.
   * @example
   * ```ts
   * import { Memif } from "vpp-punt";
   *
   * const port = Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id: 1 });
   * port.receive((batch) => port.send(batch));
   * port.on("up", (peer) => console.log(peer.name));
   * ```
   */
  static open(options: MemifOptions): Memif {
    const { settings, receiving, filter } = checkOptions(options);
    const port = new Memif(receiving, settings, (onEvent) => native.memifOpen(settings, onEvent));
    port.#filter = filter;
    port.#adopts = options.descriptor !== undefined;
    if (options.descriptor === undefined) return port;
    try {
      port.reconnect(options.descriptor);
    } catch (error) {
      port.close();
      throw error;
    }
    return port;
  }

  /**
   * Attaches to a port that another thread of this process has opened, for queues that no other thread uses. Closing the attached port
   * closes its queues, and leaves the port open. Packets that it has retained are empty from then on: the queue's next owner needs their
   * buffers.
   *
   * @throws PuntError ERR_OPTION: the argument is not the handle of a port.
   * @throws PuntError ERR_CLOSED: the port is closed, or belongs to another process.
   * @example
   * ```ts
   * import { workerData } from "node:worker_threads";
   * import { Memif } from "vpp-punt";
   *
   * // The other thread has started this worker with `workerData: port.handle`.
   * const port = Memif.attach(workerData);
   * port.receive((batch) => port.tx(1).send(batch), [1]);
   * ```
   */
  static attach(handle: MemifHandle): Memif {
    const check = new OptionCheck("memif.attach", "handle");
    check.object("handle", handle);
    const key = check.integer("memif", handle.memif, 1, Number.MAX_SAFE_INTEGER);
    return new Memif(checkReceiving(check, handle), undefined, (onEvent) => {
      const port = native.memifAttach(key, onEvent);
      if (port !== undefined) return port;
      throw new PuntError("memif.attach", "ERR_CLOSED", `port ${key} is closed, or belongs to another process`);
    });
  }

  /** Returns the handle for `Memif.attach` in another thread of this process. */
  get handle(): MemifHandle {
    return { ...this.#receiving, memif: this.#native.key };
  }

  /**
   * Calls `handler` with every burst that arrives on the given receive queues (default: all). For `rxMode` `"interrupt"` and
   * `"adaptive"`. A call that throws opens none of them.
   *
   * @throws PuntError ERR_POLLING: the port is in rxMode `"polling"`.
   * @throws PuntError ERR_OPTION: `handler` is not a function, or `queues` not a list.
   * @throws PuntError ERR_QUEUE_TAKEN: a queue is open already, here or in another thread.
   * @throws PuntError ERR_OUT_OF_RANGE: the port has fewer queues.
   * @throws PuntError ERR_CLOSED: the port is closed.
   */
  receive(handler: MemifHandler, queues: readonly number[] = range(this.#native.rxQueues)): void {
    if (this.#receiving.rxMode === "polling") {
      throw new PuntError("memif.receive", "ERR_POLLING", 'the port is in rxMode "polling": pull with rx(i).poll');
    }
    new OptionCheck("memif.receive").callback("handler", handler);
    new OptionCheck("memif.receive").list("queues", queues);
    this.checkFree("receive", queues);
    this.openAll(() => {
      for (const index of queues) this.#openRx(index, handler);
    });
  }

  /**
   * Returns receive queue `index` for polling: `rx(i).poll(handler)`. The first call opens it.
   *
   * @throws PuntError ERR_QUEUE_TAKEN, ERR_OUT_OF_RANGE or ERR_CLOSED: as `receive` does.
   */
  rx(index = 0): MemifRxQueue {
    this.#checkQueue("rx", index, this.#native.rxQueues);
    return this.#rxQueues.get(index) ?? this.#openRx(index, undefined);
  }

  /**
   * Returns transmit queue `index`. The first call opens it.
   *
   * @throws PuntError ERR_QUEUE_TAKEN, ERR_OUT_OF_RANGE or ERR_CLOSED: as `receive` does.
   */
  tx(index = 0): MemifTxQueue {
    this.#checkQueue("tx", index, this.#native.txQueues);
    return this.#txQueues.get(index) ?? this.#openTx(index);
  }

  /** Sends on transmit queue 0: see `MemifTxQueue.send`. */
  send(packets: Uint8Array | readonly Uint8Array[] | PacketBatch): number {
    return this.tx(0).send(packets);
  }

  /** @internal Queues that the port has. */
  get queueCounts(): { rx: number; tx: number } {
    return { rx: this.#native.rxQueues, tx: this.#native.txQueues };
  }

  /** @internal The number of the transmit queue for packets of receive queue `index`: the peer has it, while there is a peer. */
  servedQueue(index: number): number {
    const served = this.peer?.txQueues || this.#native.txQueues;
    return Math.min(index, served - 1, this.#native.txQueues - 1);
  }

  /** @internal The transmit queue for replies to packets of receive queue `index`. */
  replyQueue(index: number): MemifTxQueue {
    const served = this.servedQueue(index);
    const own = Math.min(index, this.#native.txQueues - 1);
    if (served === own || this.#txQueues.has(served)) return this.tx(served);
    try {
      return this.tx(served);
    } catch (error) {
      // Another thread has it. This thread's own refuses the replies, and counts them.
      if ((error as PuntError).code === "ERR_QUEUE_TAKEN") return this.tx(own);
      throw error;
    }
  }

  /** @internal Calls `hook` at each new peer, before the event. */
  onEachUp(hook: () => void): void {
    this.#upHooks.push(hook);
  }

  /** @internal Runs `open`. If that throws, the queues that it has opened are closed again. */
  openAll<T>(open: () => T): T {
    const before = new Set<object>([...this.#rxQueues.values(), ...this.#txQueues.values()]);
    try {
      return open();
    } catch (error) {
      for (const queues of [this.#rxQueues, this.#txQueues]) {
        for (const [index, queue] of queues) {
          if (before.has(queue)) continue;
          queues.delete(index);
          queue.giveUp();
        }
      }
      throw error;
    }
  }

  /** @internal Requires receive queues that this thread has not opened: a call that opens several opens all or none. */
  checkFree(op: string, queues: readonly number[] = range(this.#native.rxQueues)): void {
    for (const index of queues) {
      this.#checkQueue(op, index, this.#native.rxQueues);
      if (this.#rxQueues.has(index)) throw queueTaken(index);
    }
  }

  /** @internal Opens a receive queue for a forwarder. */
  openForwarding(index: number, handler: MemifHandler, forwarding: Forwarding): MemifRxQueue {
    this.#checkQueue("forward", index, this.#native.rxQueues);
    return this.#openRx(index, this.#receiving.rxMode === "polling" ? undefined : handler, forwarding);
  }

  /**
   * Changes the option `filter` of this thread's queues, from the next burst on; undefined: handlers get all packets.
   *
   * @throws PuntError ERR_OPTION: neither a filter nor rules, or a rule has the action `"pass"`.
   */
  setFilter(filter: PortFilter | undefined): void {
    this.#filter = checkFilter(new OptionCheck("memif.setFilter"), filter);
    for (const queue of this.#rxQueues.values()) queue.setFilter(this.#filter);
  }

  /** Returns the counters since the port was opened, of all threads. */
  stats(): MemifStats {
    return { ...this.#native.stats(), zeroCopy: this.zeroCopy };
  }

  /** @internal Whether the handshake goes on over the control socket that it has taken over last. */
  get isConnecting(): boolean {
    const { refused, disconnects } = this.#native.stats();
    return this.peer === undefined && refused + disconnects < this.#adopted;
  }

  /**
   * Goes on over another control socket, which another process has connected to the server: after the end of the last connection, or in
   * its place. For a client that was opened with `descriptor`. The port takes the descriptor over.
   *
   * @throws PuntError ERR_OPTION: not a descriptor; ERR_MODE: the port connects by itself; ERR_CLOSED: the port or the descriptor is
   *   closed; EPROTOTYPE: it is not a control socket.
   */
  reconnect(descriptor: Descriptor): void {
    const op = "memif.reconnect";
    if (!(descriptor instanceof Descriptor)) new OptionCheck(op).refuse("descriptor", "must be a Descriptor");
    try {
      if (this.#closed) throw new PuntError(op, "ERR_CLOSED", "the port is closed");
      if (!this.#adopts)
        throw new PuntError(op, "ERR_MODE", "the port was opened with a socket's path and connects by itself");
      this.#native.adopt(descriptor.handOver());
      this.#adopted++;
    } finally {
      descriptor.close();
    }
  }

  /** Lets the process end while the port is open. */
  unref(): this {
    this.#native.setRef(false);
    return this;
  }

  /** Keeps the process running while the port is open, which is the default. */
  ref(): this {
    this.#native.setRef(true);
    return this;
  }

  /**
   * Tells the peer, removes the socket file and gives all memory back. No handler is called any more. In a handler the batch stays valid
   * until the handler returns. Further calls do nothing.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    openPorts.delete(this);
    for (const queue of this.#txQueues.values()) queue.close();
    for (const queue of this.#rxQueues.values()) queue.close();
    this.#native.close();
    this.peer = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #openRx(index: number, handler: MemifHandler | undefined, forwarding?: Forwarding): MemifRxQueue {
    const queue = new MemifRxQueue({
      index,
      handler,
      forwarding,
      isAttached: this.own === undefined,
      filter: this.#filter,
      burst: this.#receiving.burst,
      mode: handler === undefined ? "polling" : this.#receiving.rxMode,
      copy: !this.zeroCopy,
      open: (options) => this.#native.openRx(index, options),
      stats: () => this.#native.stats().rx[index]!,
      replyQueue: () => this.replyQueue(index),
    });
    this.#rxQueues.set(index, queue);
    return queue;
  }

  #openTx(index: number): MemifTxQueue {
    const queue = new MemifTxQueue({
      index,
      port: this.#native.key,
      burst: this.#receiving.burst,
      ringSize: this.#native.ringSize,
      copy: !this.zeroCopy,
      open: (options) => this.#native.openTx(index, options),
      isConnected: () => this.peer !== undefined,
      stats: () => this.#native.stats().tx[index]!,
      onDrain: (drained) => guarded(() => void this.emit("drain", drained)),
    });
    this.#txQueues.set(index, queue);
    return queue;
  }

  #checkQueue(op: string, index: number, count: number): void {
    if (this.#closed) throw new PuntError(`memif.${op}`, "ERR_CLOSED", "the port is closed");
    if (Number.isInteger(index) && index >= 0 && index < count) return;
    const allowed = count === 1 ? "only queue 0" : `queues 0 to ${count - 1}`;
    throw new PuntError(`memif.${op}`, "ERR_OUT_OF_RANGE", `queue ${index} does not exist; the port has ${allowed}`);
  }

  #onEvent(event: NativeMemifEvent): void {
    if (event.type === "up") this.#onUp(event);
    else if (event.type === "down") this.#onDown(event);
    else this.#onRefused(event);
  }

  #onUp(event: NativeMemifEvent): void {
    const { peer: name, peerInterface, rxQueues, txQueues, sealed } = event;
    this.#lastRefusal = "";
    const peer = { name, interface: peerInterface, rxQueues, txQueues, sealed };
    this.peer = peer;
    for (const queue of this.#txQueues.values()) queue.onUp();
    for (const hook of this.#upHooks) hook();
    guarded(() => void this.emit("up", peer));
  }

  #onDown({ reason, by }: NativeMemifEvent): void {
    this.peer = undefined;
    for (const queue of this.#rxQueues.values()) queue.onDown();
    for (const queue of this.#txQueues.values()) queue.onDown();
    guarded(() => void this.emit("down", { reason, by }));
  }

  #onRefused({ reason, by }: NativeMemifEvent): void {
    if (reason === this.#lastRefusal) return;
    this.#lastRefusal = reason;
    guarded(() => void this.emit("refused", { reason, by }));
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
