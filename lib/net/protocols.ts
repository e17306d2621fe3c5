// Protocol numbers of Ethernet and IP.

/** Ethertypes, those of VLAN tags included. */
export const ETHERTYPE = { IP4: 0x0800, ARP: 0x0806, IP6: 0x86dd, VLAN: 0x8100, QINQ: 0x88a8 } as const;

/** Up to this value the field is not an ethertype but the frame's length (IEEE 802.3), and LLC follows. */
export const LARGEST_802_3_LENGTH = 1500;

/** Whether a VLAN tag begins with it: the ethertypes of VPP's tags, and the ethertypes of switches before 802.1ad. */
export function isVlanTag(ethertype: number): boolean {
  return isTagOfVpp(ethertype) || ethertype === 0x9100 || ethertype === 0x9200;
}

/** Whether VPP's interfaces take it for a VLAN tag. They drop other tags as of an unknown type. */
export function isTagOfVpp(ethertype: number): boolean {
  return ethertype === ETHERTYPE.VLAN || ethertype === ETHERTYPE.QINQ;
}

/** Protocol numbers of the IP header, which IANA assigned, by the names that VPP, Linux and requests use. */
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

/** Protocol numbers without a name in VPP (its protocols.def): its API gives no answer to a punt of them. */
const NAMELESS_IN_VPP = new Set([61, 63, 68, 99, 114]);
const NAMELESS_FROM = 144;
const NAMELESS_TO = 252;

/** Whether VPP has a name for an IP protocol. */
export function isProtocolOfVpp(number: number): boolean {
  return !NAMELESS_IN_VPP.has(number) && !(number >= NAMELESS_FROM && number <= NAMELESS_TO);
}

/** Extension headers of IPv6, each with the number that the next-header field of the header before it has. */
export const IP6_EXTENSION = { HOP_BY_HOP: 0, ROUTING: 43, FRAGMENT: 44, DESTINATION: 60 } as const;
