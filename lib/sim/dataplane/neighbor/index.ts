// Neighbors on a link: ARP, neighbor discovery and their proxies.

export { Arp } from "./arp.js";
export { ArpProxy } from "./arp-proxy.js";
export { NeighborDiscovery } from "./nd.js";
export { NdProxy } from "./nd-proxy.js";
export { Neighbors } from "./neighbors.js";
export { NeighborResolver } from "./resolver.js";
