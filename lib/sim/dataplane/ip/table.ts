// The table that a packet is looked up in.
import type { FibTable, IpTables } from "../fib/index.js";
import type { InterfaceTable } from "../interface/index.js";
import type { Packet } from "../vlib/index.js";

/** Returns the table that the packet names, or else the table of the interface that it came in on. */
export function tableFor(packet: Packet, tables: IpTables, interfaces: InterfaceTable): FibTable | undefined {
  if (packet.tableId !== undefined) return tables.find(packet.tableId);
  return interfaces.find(packet.rx)?.ip(tables.family).table ?? tables.find(0);
}
