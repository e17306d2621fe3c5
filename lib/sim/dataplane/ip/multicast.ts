// The nodes that forward multicast.
import type { IpTables, MulticastEntry } from "../fib/index.js";
import type { Plane, SwInterface } from "../interface/index.js";
import type { AddressFamily, Packet } from "../vlib/index.js";
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
    const swInterface = plane.interfaces.find(packet.rx)!;
    const { tableId } = swInterface.ip(family).table;
    const entry = tables.multicastTable(tableId).lookup(header.destination);
    if (entry === undefined) return plane.drop(packet, node, "no group entry");
    if (!accepts(entry, swInterface, family)) return plane.drop(packet, rpf, "RPF check failed");
    forward(rewrite, packet, header, entry);
    if (entry.local) local.send(packet);
  });
}

function accepts(entry: MulticastEntry, { swIfIndex, ip4, linkLocal }: SwInterface, family: AddressFamily): boolean {
  const isAddressed = family === 4 ? ip4.addresses.length > 0 : linkLocal !== undefined;
  return entry.acceptAll || entry.accept.has(swIfIndex) || (entry.acceptAddressed && isAddressed);
}

function forward(rewrite: IpRewrite, packet: Packet, header: IpHeader, entry: MulticastEntry): void {
  for (const swIfIndex of entry.forward) {
    if (swIfIndex === packet.rx) continue;
    rewrite.send(packet.copy(), header, swIfIndex, header.destination);
  }
}
