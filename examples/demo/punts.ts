// The three punts of the first part: what VPP is asked for, and which frames of the capture that must bring.
// `expects` reads the frames by itself, byte by byte: expectations must not come from the code the demo shows.

/** The router of the capture, whose place VPP takes. */
export const ROUTER = { mac: "02:fd:0a:00:00:01", ip4: "10.10.1.1/24", ip6: "fd00:10::1/64" } as const;

export interface DemoPunt {
  readonly name: string;
  /** The `punt` field of `punt_socket_register`. */
  readonly selector: object;
  expects(frame: Uint8Array): boolean;
}

const IP4 = 0x0800;
const IP6 = 0x86dd;
const UDP = 17;
const ICMP6 = 58;
const OSPF = 89;
const DNS_PORT = 53;
const ROUTER_SOLICITATION = 133;

const u16 = (frame: Uint8Array, at: number) => (frame[at]! << 8) | frame[at + 1]!;
const ethertype = (frame: Uint8Array) => u16(frame, 12);
const ip4Protocol = (frame: Uint8Array) => frame[14 + 9]!;
const ip4Destination = (frame: Uint8Array) => frame.subarray(14 + 16, 14 + 20).join(".");
/** All IPv4 packets of the capture that matter here have a header without options. */
const IP4_PAYLOAD = 14 + 20;
const IP6_PAYLOAD = 14 + 40;

/** For VPP itself: its own address, or the group that OSPF routers listen to. */
const forRouter = (frame: Uint8Array) => ["10.10.1.1", "224.0.0.5"].includes(ip4Destination(frame));

export const punts: readonly DemoPunt[] = [
  {
    name: "UDP port 53 (DNS)",
    selector: {
      type: "PUNT_API_TYPE_L4",
      punt: { l4: { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_UDP", port: DNS_PORT } },
    },
    expects: (frame) =>
      ethertype(frame) === IP4 &&
      ip4Protocol(frame) === UDP &&
      forRouter(frame) &&
      u16(frame, IP4_PAYLOAD + 2) === DNS_PORT,
  },
  {
    name: "ICMPv6 router solicitation",
    selector: {
      type: "PUNT_API_TYPE_L4",
      punt: { l4: { af: "ADDRESS_IP6", protocol: "IP_API_PROTO_ICMP6", port: ROUTER_SOLICITATION } },
    },
    expects: (frame) =>
      ethertype(frame) === IP6 && frame[14 + 6] === ICMP6 && frame[IP6_PAYLOAD] === ROUTER_SOLICITATION,
  },
  {
    name: "IP protocol 89 (OSPF)",
    selector: {
      type: "PUNT_API_TYPE_IP_PROTO",
      punt: { ip_proto: { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_OSPF" } },
    },
    expects: (frame) => ethertype(frame) === IP4 && ip4Protocol(frame) === OSPF && forRouter(frame),
  },
];
