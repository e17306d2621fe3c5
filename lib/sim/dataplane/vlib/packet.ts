/** "No interface", as VPP writes it. */
export const NO_INTERFACE = 0xffffffff;

/** Ethernet header: two addresses and a type. */
export const ETHERNET_HEADER = 14;

/**
 * One packet on its way through the graph. It owns its bytes: a node may rewrite them in place, and whoever forks a packet
 * copies it.
 */
export class Packet {
  /** Offset of the network header. */
  l3 = ETHERNET_HEADER;
  /** Interface it leaves through, once that is decided. */
  tx = NO_INTERFACE;
  /** A mirrored copy is never mirrored again. */
  mirrored = false;
  /** Table to look the destination up in, when that is not the receiving interface's. */
  tableId: number | undefined;
  /** Came from this VPP itself, so its TTL is not its sender's any more. */
  local = false;

  /**
   * @param bytes the frame, from its link header on
   * @param rx sw_if_index of the interface it came in on
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
    return copy;
  }
}
