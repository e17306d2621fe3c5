// The nodes that forward multicast.
import type { IpTables, MulticastEntry } from "../fib/index.js";
import type { Plane } from "../interface/index.js";
import type { Packet } from "../vlib/index.js";
import { type IpHeader, parseIp4, parseIp6 } from "./header.js";
import type { IpRewrite } from "./rewrite.js";

/** Defines ip4-mfib-forward-lookup or ip6-mfib-forward-lookup, which finds where a packet to a group goes. */
export function defineMulticast(plane: Plane, tables: IpTables, rewrite: IpRewrite) {
  const { family } = tables;
  const node = plane.graph.node(`ip${family}-mfib-forward-lookup`);
  const rpf = plane.graph.node(`ip${family}-mfib-forward-rpf`);
  const local = plane.graph.node(`ip${family}-local`);
  const parse = family === 4 ? parseIp4 : parseIp6;

  node.define((packet) => {
    const header = parse(packet.bytes, packet.l3);
    if (typeof header === "string") return plane.drop(packet, node, header);
    const { tableId } = plane.interfaces.find(packet.rx)!.ip(family).table;
    const entry = tables.multicastTable(tableId).lookup(header.destination);
    if (entry === undefined) return plane.drop(packet, node, "no group entry");
    if (!entry.acceptAll && !entry.accept.has(packet.rx)) return plane.drop(packet, rpf, "RPF check failed");
    forward(rewrite, packet, header, entry);
    if (entry.local) local.send(packet);
  });
}

function forward(rewrite: IpRewrite, packet: Packet, header: IpHeader, entry: MulticastEntry): void {
  for (const swIfIndex of entry.forward) {
    if (swIfIndex === packet.rx) continue;
    rewrite.send(packet.copy(), header, swIfIndex, header.destination);
  }
}
