import { EventEmitter } from "node:events";
import { PuntError } from "./errors.js";
import { type CheckedOptions, checkOptions, type MemifOptions, type MemifRxMode } from "./memif/options.js";
import { type MemifHandler, MemifRxQueue } from "./memif/rx-queue.js";
import { MemifTxQueue } from "./memif/tx-queue.js";
import {
  type NativeMemifEvent,
  type NativeMemifPort,
  type NativeMemifRxStatistics,
  type NativeMemifTxStatistics,
  native,
} from "./native.js";
import type { PacketBatch } from "./packet/batch.js";

export type { MemifOptions, MemifRxMode } from "./memif/options.js";
export type { MemifHandler, MemifRxQueue } from "./memif/rx-queue.js";
export type { MemifTxQueue } from "./memif/tx-queue.js";
export type { TxSlots } from "./memif/tx-slots.js";

/** Who is at the other end; the `up` event. */
export interface MemifPeer {
  /** Its program, as it calls itself: `VPP 26.06-release`. */
  name: string;
  /** Its interface: `memif1/0`. */
  interface: string;
  /** Queues in use with this peer, from our side; it may offer fewer than were asked for. */
  rxQueues: number;
  txQueues: number;
  /** Whether the file behind its memory can no longer be truncated. */
  sealed: boolean;
}

/** Why a connection ended or was refused; the `down` and `refused` events. */
export interface MemifEnding {
  /** In words: what the peer said in its DISCONNECT, or what was wrong with it. */
  reason: string;
  /** `peer`: it disconnected or closed. `violation`: it broke the protocol and was disconnected. `self`: this side closed. */
  by: "peer" | "violation" | "self";
}

/** Counters of one receive queue. */
export interface MemifRxStatistics extends NativeMemifRxStatistics {}
/** Counters of one transmit queue. */
export interface MemifTxStatistics extends NativeMemifTxStatistics {}

/** Counters of a port since it was opened; connections share them. */
export interface MemifStatistics {
  rx: MemifRxStatistics[];
  tx: MemifTxStatistics[];
  connects: number;
  disconnects: number;
  /** Connections closed because the peer broke the protocol. */
  violations: number;
  /** Handshakes that failed. */
  refused: number;
  /** False when every received packet is copied. */
  zeroCopy: boolean;
}

/** Names an open port to another thread; goes through `postMessage` and `workerData`. */
export interface MemifHandle {
  memif: number;
  rxQueues: number;
  txQueues: number;
  ringSize: number;
  bufferSize: number;
  rxMode: MemifRxMode;
  burst: number;
  zeroCopy: boolean;
}

export interface MemifEvents {
  /** A peer has connected. */
  up: [peer: MemifPeer];
  /** The connection has ended. A client connects again by itself, a server waits for the next one. */
  down: [ending: MemifEnding];
  /** A handshake has failed, or a client cannot reach its server for another reason than its absence. Told once for each reason. */
  refused: [ending: MemifEnding];
  /** A transmit queue that had been full has room again. */
  drain: [queue: MemifTxQueue];
}

/** Ports of this thread that are open. Node runs no native clean-up at process.exit: they are closed when it announces the exit. */
const openPorts = new Set<Memif>();
process.once("exit", () => {
  for (const port of openPorts) port.close();
});

type Connect = (onEvent: (event: NativeMemifEvent) => void) => NativeMemifPort;

/**
 * A memif port: shared-memory packet I/O with VPP, DPDK or another memif peer.
 *
 * ```ts
 * const port = Memif.open({ role: "client", socket: "/run/vpp/memif.sock" });
 * port.receive((batch) => { for (let i = 0; i < batch.length; i++) console.log(batch.byteLength(i)); });
 * port.on("up", () => port.send(frame));
 * ```
 */
export class Memif extends EventEmitter<MemifEvents> {
  /** The peer, while connected. */
  peer: MemifPeer | undefined;
  /** False when received packets are copied: asked for by `zeroCopy: false`, or because this runtime refuses foreign memory. */
  readonly zeroCopy: boolean;

  private readonly native: NativeMemifPort;
  private readonly rxQueues = new Map<number, MemifRxQueue>();
  private readonly txQueues = new Map<number, MemifTxQueue>();
  private lastRefusal = "";
  private closed = false;

  private constructor(
    private readonly options: Omit<MemifHandle, "memif">,
    connect: Connect,
  ) {
    super();
    this.native = connect((event) => this.onEvent(event));
    this.zeroCopy = options.zeroCopy && this.native.zeroCopyAllowed;
    openPorts.add(this);
  }

  /**
   * Opens a port. A client need not find its server there: it connects when it can, and again after every disconnect. Throws
   * `ERR_OPTION` for options out of their ranges, and as server `EADDRINUSE`, `EEXIST` (the id is taken, or the path, by what is no socket) or what else the
   * system has against the socket.
   */
  static open(options: MemifOptions): Memif {
    const checked = checkOptions(options);
    return new Memif(portOptions(checked), (onEvent) => native.memifOpen(checked.native, onEvent));
  }

  /**
   * The port of another thread, here: for opening queues that the other thread leaves alone. Closing it closes those queues, not
   * the port. Throws `ERR_CLOSED` when the port is gone.
   */
  static attach(handle: MemifHandle): Memif {
    if (typeof handle?.memif !== "number")
      throw new PuntError("memif.attach", "ERR_OPTION", "handle: not the handle of a port");
    return new Memif(handle, (onEvent) => {
      const port = native.memifAttach(handle.memif, onEvent);
      if (port === undefined) throw new PuntError("memif.attach", "ERR_CLOSED", `port ${handle.memif} is closed`);
      return port;
    });
  }

  /** For `Memif.attach` in another thread of this process. */
  get handle(): MemifHandle {
    return { ...this.options, memif: this.native.key };
  }

  /**
   * Calls `handler` with every burst that arrives, on the receive queues given (default: all). For `rxMode` `"interrupt"` and
   * `"adaptive"`.
   */
  receive(handler: MemifHandler, queues: readonly number[] = range(this.options.rxQueues)): void {
    if (this.options.rxMode === "polling") {
      throw new PuntError("memif.receive", "ERR_POLLING", 'the port is in rxMode "polling": pull with rx(i).poll');
    }
    if (typeof handler !== "function") throw new PuntError("memif.receive", "ERR_OPTION", "handler: no function");
    for (const index of queues) {
      this.checkQueue("receive", index, this.options.rxQueues);
      this.openRx(index, handler);
    }
  }

  /** Receive queue `index` for polling: `rx(i).poll(handler)`. Opens it at the first call. */
  rx(index = 0): MemifRxQueue {
    this.checkQueue("rx", index, this.options.rxQueues);
    return this.rxQueues.get(index) ?? this.openRx(index, undefined);
  }

  /** Transmit queue `index`. Opens it at the first call. */
  tx(index = 0): MemifTxQueue {
    this.checkQueue("tx", index, this.options.txQueues);
    return this.txQueues.get(index) ?? this.openTx(index);
  }

  /** Sends on transmit queue 0: see `MemifTxQueue.send`. */
  send(packets: Uint8Array | readonly Uint8Array[] | PacketBatch): number {
    return this.tx(0).send(packets);
  }

  /** What has been counted since the port was opened, in all threads. */
  statistics(): MemifStatistics {
    return { ...this.native.statistics(), zeroCopy: this.zeroCopy };
  }

  /** Lets the process end while the port is open. */
  unref(): this {
    this.native.setReferenced(false);
    return this;
  }

  /** Undoes `unref`. */
  ref(): this {
    this.native.setReferenced(true);
    return this;
  }

  /** Tells the peer, removes the socket file, gives everything back. Handlers are not called any more. Can be called again. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    openPorts.delete(this);
    for (const queue of this.txQueues.values()) queue.close();
    for (const queue of this.rxQueues.values()) queue.close();
    this.native.close();
    this.peer = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private openRx(index: number, handler: MemifHandler | undefined): MemifRxQueue {
    const queue = new MemifRxQueue({
      index,
      handler,
      burst: this.options.burst,
      mode: handler === undefined ? "polling" : this.options.rxMode,
      copy: !this.zeroCopy,
      open: (options) => this.native.openRx(index, options),
      statistics: () => this.native.statistics().rx[index]!,
    });
    this.rxQueues.set(index, queue);
    return queue;
  }

  private openTx(index: number): MemifTxQueue {
    const queue = new MemifTxQueue({
      index,
      burst: this.options.burst,
      bufferSize: this.options.bufferSize,
      ringSize: this.options.ringSize,
      copy: !this.zeroCopy,
      open: (options) => this.native.openTx(index, options),
      statistics: () => this.native.statistics().tx[index]!,
      onDrain: (drained) => this.emit("drain", drained),
    });
    this.txQueues.set(index, queue);
    return queue;
  }

  private checkQueue(op: string, index: number, count: number): void {
    if (this.closed) throw new PuntError(`memif.${op}`, "ERR_CLOSED", "the port is closed");
    if (Number.isInteger(index) && index >= 0 && index < count) return;
    throw new PuntError(`memif.${op}`, "ERR_OUT_OF_RANGE", `queue ${index} of ${count}`);
  }

  private onEvent(event: NativeMemifEvent): void {
    if (event.type === "up") this.onUp(event);
    else if (event.type === "down") this.onDown(event);
    else this.onRefused(event);
  }

  private onUp(event: NativeMemifEvent): void {
    const { peer: name, peerInterface, rxQueues, txQueues, sealed } = event;
    this.lastRefusal = "";
    this.peer = { name, interface: peerInterface, rxQueues, txQueues, sealed };
    this.emit("up", this.peer);
  }

  private onDown({ reason, by }: NativeMemifEvent): void {
    this.peer = undefined;
    for (const queue of this.rxQueues.values()) queue.onDown();
    for (const queue of this.txQueues.values()) queue.onDown();
    this.emit("down", { reason, by });
  }

  private onRefused({ reason, by }: NativeMemifEvent): void {
    if (reason === this.lastRefusal) return;
    this.lastRefusal = reason;
    this.emit("refused", { reason, by });
  }
}

function portOptions({ native: settings, rxMode, burst, zeroCopy }: CheckedOptions): Omit<MemifHandle, "memif"> {
  const { rxQueues, txQueues, bufferSize } = settings;
  return { rxQueues, txQueues, ringSize: 2 ** settings.log2RingSize, bufferSize, rxMode, burst, zeroCopy };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
