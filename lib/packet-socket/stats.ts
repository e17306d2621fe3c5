// Counters of a packet socket.
import type { NativePacketSocketStats } from "../native.js";
import type { LinkState } from "./link.js";

/** Counters since the port was opened. */
export interface PacketSocketStats {
  readonly rx: {
    /** Packets in the batches that the application got, their bytes, and the batches. */
    readonly packets: number;
    readonly bytes: number;
    readonly batches: number;
    readonly dropped: {
      /** The ring was full: the application was busy for too long. By the kernel's count. */
      readonly ringFull: number;
      /** Longer than a block of the ring. */
      readonly tooLong: number;
      /** By the filter. */
      readonly filter: number;
    };
    /** How often the ring was full. */
    readonly freezes: number;
    /** Frames that were put right before they were handed on. */
    readonly restored: {
      /** A VLAN tag that Linux had taken out. */
      readonly vlanTags: number;
      /** A checksum that the sender had left to its network card. */
      readonly checksums: number;
      /** A frame of segmentation offload, cut into the frames that a wire would carry. */
      readonly segmented: number;
    };
  };
  readonly tx: {
    /** Packets that the kernel has taken, and their bytes. */
    readonly packets: number;
    readonly bytes: number;
    /** Packets that were not sent, by cause. */
    readonly refused: {
      /** The socket's queue was full: a `drain` event follows. */
      readonly full: number;
      /** Shorter than an Ethernet header, or longer than the device's MTU allows. */
      readonly size: number;
      /** The device was down, or gone. */
      readonly down: number;
    };
  };
  readonly link: LinkState;
}

/** The sending side's part, which TypeScript counts. */
export interface TxCounters {
  packets: number;
  bytes: number;
  readonly refused: { full: number; size: number; down: number };
}

export function toStats(stats: NativePacketSocketStats, tx: TxCounters, link: LinkState): PacketSocketStats {
  const { packets, bytes, batches, freezes, vlanTags, checksums, segmented } = stats;
  const dropped = { ringFull: stats.droppedRingFull, tooLong: stats.droppedTooLong, filter: stats.droppedFilter };
  const restored = { vlanTags, checksums, segmented };
  return {
    rx: { packets, bytes, batches, dropped, freezes, restored },
    tx: { ...tx, refused: { ...tx.refused } },
    link,
  };
}
