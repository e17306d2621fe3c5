// The enum ip_proto of ip_types.api: the codec's names of IP protocol numbers.
import { IP_PROTOCOL } from "../net/index.js";

/** Maps the enum's names, which are the same in all releases, to protocol numbers. @internal */
export const IP_PROTO_NUMBERS: Readonly<Record<string, number>> = {
  IP_API_PROTO_HOPOPT: IP_PROTOCOL.HOPOPT,
  IP_API_PROTO_ICMP: IP_PROTOCOL.ICMP,
  IP_API_PROTO_IGMP: IP_PROTOCOL.IGMP,
  IP_API_PROTO_TCP: IP_PROTOCOL.TCP,
  IP_API_PROTO_UDP: IP_PROTOCOL.UDP,
  IP_API_PROTO_GRE: IP_PROTOCOL.GRE,
  IP_API_PROTO_ESP: IP_PROTOCOL.ESP,
  IP_API_PROTO_AH: IP_PROTOCOL.AH,
  IP_API_PROTO_ICMP6: IP_PROTOCOL.ICMPV6,
  IP_API_PROTO_EIGRP: IP_PROTOCOL.EIGRP,
  IP_API_PROTO_OSPF: IP_PROTOCOL.OSPF,
  IP_API_PROTO_SCTP: IP_PROTOCOL.SCTP,
  IP_API_PROTO_RESERVED: IP_PROTOCOL.RESERVED,
};
