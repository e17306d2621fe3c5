// IP protocols: numbers in requests, names in `vl_api_ip_proto_t` as the codec decodes it.

const numbers: Readonly<Record<string, number>> = {
  IP_API_PROTO_HOPOPT: 0,
  IP_API_PROTO_ICMP: 1,
  IP_API_PROTO_IGMP: 2,
  IP_API_PROTO_TCP: 6,
  IP_API_PROTO_UDP: 17,
  IP_API_PROTO_GRE: 47,
  IP_API_PROTO_ESP: 50,
  IP_API_PROTO_AH: 51,
  IP_API_PROTO_ICMP6: 58,
  IP_API_PROTO_EIGRP: 88,
  IP_API_PROTO_OSPF: 89,
  IP_API_PROTO_SCTP: 132,
  IP_API_PROTO_RESERVED: 255,
};

/** The number of a protocol that was decoded: a name if the enum has one, otherwise the number itself. */
export function protocolNumber(decoded: string | number): number {
  return typeof decoded === "number" ? decoded : numbers[decoded];
}
