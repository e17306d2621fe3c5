// The DHCP plugin: relays for both IP versions, and the client.
export { DhcpClient, DhcpClients, type DhcpLease } from "./dhcp-client.js";
export type { DhcpProxy } from "./dhcp-proxy-config.js";
export { Dhcp4Proxy } from "./dhcp4-proxy.js";
export { Dhcp6Proxy } from "./dhcp6-proxy.js";
export { Dhcp4Ports } from "./ports.js";
