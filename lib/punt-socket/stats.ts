// The counters of a receiving socket.
import type { NativePuntSocketStats } from "../native.js";

/** Counters of a receiving punt socket since it was opened. */
export interface PuntSocketStats {
  /** Packets that the application received, their bytes, and the batches that they came in. */
  packets: number;
  bytes: number;
  batches: number;
  /** How many of the packets a native thread read because JavaScript was late. */
  drained: number;
  /** Packets that were read and dropped, by cause. VPP itself counts packets that it could not send. */
  dropped: {
    /** The slab ring was full: JavaScript was busy for too long. */
    ringFull: number;
    /** They came while the socket was paused. */
    paused: number;
    /** Longer than `maxPacket`. */
    tooLong: number;
    /** Not longer than the descriptor that VPP puts before every packet. */
    malformed: number;
    /** By the filter. */
    filter: number;
  };
  /** Bytes that wait in the slab ring at this moment. */
  backlogBytes: number;
  /** Whether the socket's file is still at its path, by which VPP sends: if not, open a new socket. True for a socket opened by `descriptor`. */
  bound: boolean;
  /** Whether the socket is connected to VPP's, and how often it was connected. */
  connected: boolean;
  connects: number;
  /** Why the socket is not connected: an errno name; `ENOTCONN` if `vppPath` is null. */
  connectError: string | undefined;
}

/** Converts the native counters. */
export function toStats(stats: NativePuntSocketStats, bound: boolean): PuntSocketStats {
  const { packets, bytes, batches, drained, backlogBytes, connects, connectError } = stats;
  const dropped = {
    ringFull: stats.droppedRingFull,
    paused: stats.droppedPaused,
    tooLong: stats.droppedTooLong,
    malformed: stats.droppedMalformed,
    filter: stats.droppedFilter,
  };
  const connected = connectError === undefined;
  return { packets, bytes, batches, drained, dropped, backlogBytes, bound, connected, connects, connectError };
}
