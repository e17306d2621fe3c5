// IP protocols: the numbers that IANA assigned, by the names that VPP, Linux and requests use.

/** Protocol numbers of the IP header by name. */
export const IP_PROTOCOL = {
  HOPOPT: 0,
  ICMP: 1,
  IGMP: 2,
  TCP: 6,
  UDP: 17,
  RSVP: 46,
  GRE: 47,
  ESP: 50,
  AH: 51,
  ICMPV6: 58,
  EIGRP: 88,
  OSPF: 89,
  PIM: 103,
  VRRP: 112,
  SCTP: 132,
  RESERVED: 255,
} as const;

/** Extension headers of IPv6, by the number that the header before them names them with. */
export const IP6_EXTENSION = { HOP_BY_HOP: 0, ROUTING: 43, FRAGMENT: 44, DESTINATION: 60 } as const;
