import type { NativePuntSocketStats } from "../native.js";

/** Counters of a receiving punt socket since it was opened. */
export interface PuntSocketStats {
  /** Packets in the batches that the application got, their bytes, and the batches. */
  packets: number;
  bytes: number;
  batches: number;
  /** Of the packets, those that a native thread had read because JavaScript was late. */
  drained: number;
  /** Packets that were read and not handed on, by cause. What VPP itself could not send is counted by VPP. */
  dropped: {
    /** The slab ring was full: JavaScript was busy for too long. */
    ringFull: number;
    /** They came while the socket was paused. */
    paused: number;
    /** Longer than `maxPacket`. */
    tooLong: number;
    /** No longer than the descriptor that VPP puts before every packet. */
    malformed: number;
  };
  /** Bytes that wait in the slab ring at this moment. */
  backlogBytes: number;
  /** Whether the socket is connected to VPP's, and how often it has been. */
  connected: boolean;
  connects: number;
  /** Why it is not connected: an errno name; `ENOTCONN` if `vppPath` was null. */
  connectError: string | undefined;
}

export function toStats(stats: NativePuntSocketStats): PuntSocketStats {
  const { packets, bytes, batches, drained, backlogBytes, connects, connectError } = stats;
  const dropped = {
    ringFull: stats.droppedRingFull,
    paused: stats.droppedPaused,
    tooLong: stats.droppedTooLong,
    malformed: stats.droppedMalformed,
  };
  const connected = connectError === undefined;
  return { packets, bytes, batches, drained, dropped, backlogBytes, connected, connects, connectError };
}
