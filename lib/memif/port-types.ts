// The reports of a port: its peer, the end of a connection, its counters, and its events.
import type { MemifRxMode } from "./options.js";
import type { MemifRxStats } from "./rx-queue.js";
import type { MemifTxQueue, MemifTxStats } from "./tx-queue.js";

/** The other end of a connection; the `up` event. */
export interface MemifPeer {
  /** The peer's program, in its own words: `VPP 26.06-release`. */
  name: string;
  /** The peer's interface: `memif1/0`. */
  interface: string;
  /** Queues in use with this peer, from our side. The peer may offer fewer than were asked for. */
  rxQueues: number;
  txQueues: number;
  /** True if the file behind the peer's memory can no longer be truncated. */
  sealed: boolean;
}

/** Why a connection ended or was refused; the `down` and `refused` events. */
export interface MemifEnding {
  /** In words: the text of the peer's DISCONNECT, or the rule that the peer broke. */
  reason: string;
  /**
   * `peer`: the peer disconnected, closed or cannot be reached. `violation`: the peer broke the protocol, and was disconnected. `self`: this
   * side closed, or lacks descriptors or memory for a connection.
   */
  by: "peer" | "violation" | "self";
}

/** Counters of a port since it was opened, over all of its connections and in all threads. */
export interface MemifStats {
  rx: MemifRxStats[];
  tx: MemifTxStats[];
  connects: number;
  disconnects: number;
  /** Connections closed because the peer broke the protocol. */
  violations: number;
  /** Handshakes that failed. */
  refused: number;
  /** False if every received packet is copied. */
  zeroCopy: boolean;
}

/** Names an open port to another thread of the process; goes through `postMessage` and `workerData`. */
export interface MemifHandle {
  memif: number;
  rxMode: MemifRxMode;
  burst: number;
  zeroCopy: boolean;
}

export interface MemifEvents {
  /** A peer has connected. */
  up: [peer: MemifPeer];
  /** The connection has ended. A client connects again by itself; a server waits for the next client. */
  down: [ending: MemifEnding];
  /**
   * A handshake has failed, a client cannot reach its server for another reason than its absence, or a server cannot accept a client.
   * Emitted once for each reason.
   */
  refused: [ending: MemifEnding];
  /** A transmit queue that had been full has room again. */
  drain: [queue: MemifTxQueue];
}
