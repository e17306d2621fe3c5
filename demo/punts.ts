// The three punts of the first part: their requests, and the frames of the capture that each must bring.
// `expects` reads the frames by itself: expectations must not come from the code the demo shows.
import type { Punt } from "../lib/binapi/index.js";
import { ip4Destination, isIcmp6, isOspf, isUdpTo } from "./frames.js";

/** The router of the capture, whose place VPP takes. */
export const ROUTER = { mac: "02:fd:0a:00:00:01", ip4: "10.10.1.1/24", ip6: "fd00:10::1/64" } as const;

export interface DemoPunt {
  readonly name: string;
  /** The `punt` field of `punt_socket_register`. */
  readonly selector: Punt;
  expects(frame: Uint8Array): boolean;
}

const DNS_PORT = 53;
const ROUTER_SOLICITATION = 133;

/** For VPP itself: its own address, or the group that OSPF routers listen to. */
const forRouter = (frame: Uint8Array) => ["10.10.1.1", "224.0.0.5"].includes(ip4Destination(frame));

export const punts: readonly DemoPunt[] = [
  {
    name: "UDP port 53 (DNS)",
    selector: {
      type: "PUNT_API_TYPE_L4",
      punt: { l4: { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_UDP", port: DNS_PORT } },
    },
    expects: (frame) => isUdpTo(frame, DNS_PORT) && forRouter(frame),
  },
  {
    name: "ICMPv6 router solicitation",
    selector: {
      type: "PUNT_API_TYPE_L4",
      punt: { l4: { af: "ADDRESS_IP6", protocol: "IP_API_PROTO_ICMP6", port: ROUTER_SOLICITATION } },
    },
    expects: (frame) => isIcmp6(frame, ROUTER_SOLICITATION),
  },
  {
    name: "IP protocol 89 (OSPF)",
    selector: {
      type: "PUNT_API_TYPE_IP_PROTO",
      punt: { ip_proto: { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_OSPF" } },
    },
    expects: (frame) => isOspf(frame) && forRouter(frame),
  },
];
