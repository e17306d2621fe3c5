// IPv4 and IPv6: input, lookup, rewrite, local delivery, ICMP, UDP, and the addresses of interfaces.
export { IpAddresses } from "./addresses.js";
export { setIp4Checksum, setPseudoChecksum } from "./checksum.js";
export { icmp6Frame, writeIp4Header } from "./frames.js";
export { IP4_HEADER, IP6_HEADER, type IpHeader, parseIp4, parseIp6, UDP_HEADER } from "./header.js";
export { Icmp4, type IcmpErrors } from "./icmp4.js";
export { Icmp6 } from "./icmp6.js";
export { defineIpInput } from "./input.js";
export { IpLocal } from "./local.js";
export { IpLookup } from "./lookup.js";
export { defineMulticast } from "./multicast.js";
export { IpRewrite, type Resolver } from "./rewrite.js";
export { UdpLocal } from "./udp.js";
