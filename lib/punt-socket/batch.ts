// The packets of a punt socket.
import { PacketBatch } from "../packet/index.js";
import { actionAt, DESCRIPTOR_SIZE } from "./descriptor.js";

/**
 * A burst from a punt socket: Ethernet frames, each with the sw_if_index of the interface that it came in on.
 * @example
 * ```ts
 * import { PuntSocket } from "vpp-punt";
 *
 * using socket = PuntSocket.open({ path: "/run/dns.sock" });
 * socket.receive((batch) => {
 *   for (let i = 0; i < batch.length; i++)
 *     console.log(`${batch.byteLength(i)} bytes came to the interface with the sw_if_index ${batch.swIfIndex(i)}`);
 * });
 * ```
 */
export class PuntBatch extends PacketBatch {
  /** Returns the action that packet `i` asks for: always `L2` from VPP; the client's choice where this end plays VPP. */
  action(i: number): number {
    this.check(i);
    // The descriptor lies directly before the packet.
    return actionAt(this.bytes, this.table.offsets[i]! - DESCRIPTOR_SIZE);
  }
}
