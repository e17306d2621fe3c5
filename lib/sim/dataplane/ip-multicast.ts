import type { AddressFamily } from "./address.js";
import type { DataPlane } from "./dataplane.js";
import { type IpHeader, parseIp4, parseIp6 } from "./ip-header.js";
import type { MulticastEntry } from "./mfib.js";
import type { Packet } from "./packet.js";

/** ip4-mfib-forward-lookup and its IPv6 twin: where a packet to a group goes. */
export function defineMulticast(dp: DataPlane, family: AddressFamily) {
  const node = dp.graph.node(`ip${family}-mfib-forward-lookup`);
  const rpf = dp.graph.node(`ip${family}-mfib-forward-rpf`);
  const local = dp.graph.node(`ip${family}-local`);
  const tables = family === 4 ? dp.ip4 : dp.ip6;
  const parse = family === 4 ? parseIp4 : parseIp6;

  node.define((packet) => {
    const header = parse(packet.bytes, packet.l3);
    if (typeof header === "string") return dp.drop(packet, node, header);
    const { tableId } = dp.interfaces.find(packet.rx)!.ip(family).table;
    const entry = tables.multicastTable(tableId).lookup(header.destination);
    if (entry === undefined) return dp.drop(packet, node, "no group entry");
    if (!entry.acceptAll && !entry.accept.has(packet.rx)) return dp.drop(packet, rpf, "RPF check failed");
    forward(dp, family, packet, header, entry);
    if (entry.local) local.send(packet);
  });
}

function forward(dp: DataPlane, family: AddressFamily, packet: Packet, header: IpHeader, entry: MulticastEntry): void {
  for (const swIfIndex of entry.forward) {
    if (swIfIndex === packet.rx) continue;
    dp.rewrite[family].send(packet.copy(), header, swIfIndex, header.destination);
  }
}
