// A packet on its way through the graph.
import type { PacketTrace } from "./tracer.js";

/** VPP's value for "no interface". */
export const NO_INTERFACE = 0xffffffff;

/** Ethernet header: two addresses and a type. */
export const ETHERNET_HEADER = 14;

/**
 * One packet on its way through the graph. It owns its bytes: a node may rewrite them in place, and a node that forks a
 * packet copies it.
 */
export class Packet {
  /** Offset of the network header. */
  l3 = ETHERNET_HEADER;
  /** The interface that the packet leaves through, once a node has chosen it. */
  tx = NO_INTERFACE;
  /** Whether this is a mirrored copy, which SPAN does not mirror again. */
  mirrored = false;
  /** The table for the lookup, if it is not the table of the receiving interface. */
  tableId: number | undefined;
  /** Whether this VPP made the packet. VPP does not lower the TTL of its own packets. */
  local = false;
  /** Present while the packet is traced. */
  trace: PacketTrace | undefined;

  /**
   * @param bytes the frame, from its link header on
   * @param rx sw_if_index of the receiving interface
   */
  constructor(
    public bytes: Uint8Array,
    public rx: number,
  ) {}

  get length(): number {
    return this.bytes.length;
  }

  copy(): Packet {
    const copy = new Packet(this.bytes.slice(), this.rx);
    copy.l3 = this.l3;
    copy.tx = this.tx;
    copy.tableId = this.tableId;
    copy.local = this.local;
    copy.trace = this.trace;
    return copy;
  }
}
