// Good requests of every punt type, which the fuzzers damage.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import {
  PuntRequest_InterconnectType as InterconnectType,
  type PuntRequestSchema,
  PuntRequest_PuntType as PuntType,
} from "../../lib/stonework/wire.js";

const MEMIF = { interconnect: "MEMIF" } as const;

export const REQUESTS: readonly PuntRequestInput[] = [
  { cnf: "a", type: "SPAN", vppInterface: "eth0", direction: "rx", ...MEMIF },
  { cnf: "b", type: "HAIRPIN_XCONNECT", vppInterface1: "eth0", vppInterface2: "eth1", ...MEMIF },
  {
    ...{ cnf: "c", type: "HAIRPIN", vppInterface: "eth0", ...MEMIF },
    hairpinInterface: { name: "pin", ipAddresses: ["10.0.0.1/24", "fd00::1/64"], vrf: 1, mtu: 1400 },
  },
  {
    ...{ cnf: "d", type: "ABX", vppInterface: "eth0", vrf: 0, ...MEMIF },
    ingressAclRules: [
      { sourceNetwork: "any", destinationNetwork: "10.0.0.0/8", protocol: 6, destinationPort: { first: 1, last: 2 } },
      { sourceNetwork: "fd00::/16", destinationNetwork: "", protocol: 58, icmpType: { first: 0, last: 9 } },
    ],
    egressAclRules: [],
  },
  {
    ...{ cnf: "e", type: "PUNT_TO_SOCKET", interconnect: "AF_UNIX", socketPath: "/run/e.sock" },
    toHost: { af: "IPV4", protocol: "UDP", port: 53 },
  },
  { cnf: "f", type: "DHCP_PROXY", vrf: 1, ...MEMIF },
  { cnf: "g", type: "ISISX", vppInterface: "eth0", vrf: 0, ...MEMIF },
];

export const STONEWORK_REQUESTS: readonly MessageInitShape<typeof PuntRequestSchema>[] = [
  {
    puntType: PuntType.ABX,
    interconnectType: InterconnectType.MEMIF,
    config: {
      case: "abx",
      value: {
        vppInterface: "eth0",
        ingressAclRules: [
          {
            ip: { sourceNetwork: "any", protocol: 6 },
            tcp: { tcpFlagsMask: 1, destinationPortRange: { lowerPort: 1 } },
          },
        ],
      },
    },
  },
  {
    puntType: PuntType.HAIRPIN,
    interconnectType: InterconnectType.TAP,
    config: { case: "hairpin", value: { vppInterface: "eth0", hairpinInterface: { name: "pin", vrf: 1 } } },
  },
  {
    puntType: PuntType.SPAN,
    interconnectType: InterconnectType.TAP,
    config: { case: "span", value: { vppInterface: "eth0" } },
  },
];
