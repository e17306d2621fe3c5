import { PacketBatch } from "../packet/batch.js";

/**
 * What VPP is to do with an injected packet, by VPP's names (`punt_action_e`):
 * - `L2`: send the Ethernet frame out of the interface;
 * - `IP4_ROUTED`, `IP6_ROUTED`: look the IP packet (no Ethernet header) up in the interface's FIB and forward it.
 */
export const PuntAction = { L2: 0, IP4_ROUTED: 1, IP6_ROUTED: 2 } as const;
export type PuntAction = (typeof PuntAction)[keyof typeof PuntAction];

/** A burst from a punt socket: Ethernet frames, each with the sw_if_index of the interface it came in on. */
export class PuntBatch extends PacketBatch {
  /** The action that packet `i` asks for: always `L2` from VPP, the client's choice where this end plays VPP. */
  action(i: number): number {
    this.check(i);
    // The descriptor (two numbers in host order: little-endian on all of VPP's platforms) lies directly before the packet.
    const end = this.table.offsets[i]!;
    const bytes = this.bytes;
    return (bytes[end - 4]! | (bytes[end - 3]! << 8) | (bytes[end - 2]! << 16) | (bytes[end - 1]! << 24)) >>> 0;
  }
}
