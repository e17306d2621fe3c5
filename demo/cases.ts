// One punt of each type: the request, the frames sent to VPP's interface, and the expected packets.
import type { PuntRequestInput } from "../lib/index.js";
import { ip4Destination, isEchoReply, isEchoRequest, isIsis, isOspf, isUdpTo } from "./frames.js";
import { ROUTER } from "./punts.js";
import { HAIRPIN_VRF, type InterfaceName } from "./vpp.js";

type IsFrame = (frame: Uint8Array) => boolean;
const everything: IsFrame = () => true;

export interface TypeCase {
  readonly request: PuntRequestInput;
  /** Where the capture is replayed. */
  readonly from: InterfaceName;
  /** Frames of the capture that the application receives. */
  readonly expects: IsFrame;
  /** Which frames it receives are counted; default all. */
  readonly counts?: IsFrame;
  /** The frames that leave VPP on the other side, their interface, and the frames of the capture that cause them. */
  readonly leaves?: { readonly by: InterfaceName; readonly counts: IsFrame; readonly expects: IsFrame };
}

const memif = { cnf: "demo", interconnect: "MEMIF" } as const;

export function typeCases(puntSocketPath: string): readonly TypeCase[] {
  return [
    {
      request: {
        ...memif,
        type: "HAIRPIN_XCONNECT",
        key: "wire",
        vppInterface1: "xconnect1",
        vppInterface2: "xconnect2",
      },
      from: "xconnect1",
      expects: everything,
      leaves: { by: "xconnect2", counts: everything, expects: everything },
    },
    {
      request: {
        ...memif,
        type: "HAIRPIN",
        key: "edge",
        vppInterface: "hairpin",
        hairpinInterface: { name: "inside", physAddress: ROUTER.mac, ipAddresses: [ROUTER.ip4], vrf: HAIRPIN_VRF },
      },
      from: "hairpin",
      expects: everything,
      leaves: { by: "hairpin", counts: isEchoReply, expects: isEchoRequest },
    },
    {
      request: { ...memif, type: "SPAN", key: "tap", vppInterface: "span", direction: "rx" },
      from: "span",
      expects: everything,
    },
    {
      request: {
        ...{ ...memif, type: "ABX", key: "ospf", vppInterface: "abx" },
        // Without egress rules VPP would route what the application sends, and drop the hellos that go to a group.
        ...{ ingressAclRules: [{ protocol: "OSPF" }], egressAclRules: [{ protocol: "OSPF" }] },
      },
      from: "abx",
      expects: isOspf,
    },
    {
      request: {
        type: "PUNT_TO_SOCKET",
        cnf: "demo",
        key: "dns",
        toHost: { af: "IPV4", protocol: "UDP", port: 53 },
        socketPath: puntSocketPath,
      },
      from: "lan",
      expects: (frame) => isUdpTo(frame, 53) && ip4Destination(frame) === "10.10.1.1",
    },
    {
      request: { ...memif, type: "DHCP_PROXY", key: "dhcp" },
      from: "lan",
      expects: (frame) => isUdpTo(frame, 67),
    },
    { request: { ...memif, type: "ISISX", key: "isis", vppInterface: "isis" }, from: "isis", expects: isIsis },
  ];
}
