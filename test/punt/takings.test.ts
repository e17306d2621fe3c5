// The treatment of received frames on account of each type of punt, with its stage and its reason in words.
import test from "ava";
import type { IpHeaders } from "../../lib/packet/index.js";
import type { Facts, VppInterface } from "../../lib/punt/items/index.js";
import { parseRequest } from "../../lib/punt/request/request.js";
import { type Stage, takingOf } from "../../lib/punt/types/index.js";
import type { ReceivedFrame, Taking } from "../../lib/punt/types/taking.js";

const eth0 = {
  ...{ swIfIndex: 1, id: "eth0", vppName: "eth0", tag: "", mac: "02:00:00:00:00:01", up: true, mtu: 1500, ours: false },
  ...{ addresses: ["10.0.0.1/24", "fd00::1/64"], tables: { 4: 0, 6: 0 } },
} satisfies VppInterface;
const eth1: VppInterface = { ...eth0, swIfIndex: 2, id: "eth1", vppName: "eth1", addresses: ["fd01::1/64"] };
const vlan: VppInterface = { ...eth0, swIfIndex: 3, id: "eth0.7", vppName: "eth0.7", isSub: true };
const interfaces = [eth0, eth1, vlan];

function factsOf(more: Partial<Facts> = {}): Facts {
  const facts = {
    features: new Set(["abx"]),
    seen: new Map(),
    puntReasons: new Map([["ipsec4-spi-0", 1]]),
    interfaces,
  };
  return { ...facts, interface: (name: string) => interfaces.find(({ id }) => id === name), ...more } as never;
}

const UDP: IpHeaders = {
  at: 14,
  ...{ family: 4, source: "10.0.0.9", destination: "10.0.0.1", protocol: 17 },
  ports: { source: 1000, destination: 53 },
};
const ICMP6: IpHeaders = {
  at: 14,
  ...{ family: 6, source: "fd00::9", destination: "fd00::1", protocol: 58 },
  icmp: { type: 130, code: 0 },
};

/** A frame without IP. */
const notIp = { ip: undefined } as never as Partial<ReceivedFrame>;

function frameOf(more: Partial<ReceivedFrame> = {}): ReceivedFrame {
  return { destinationMac: eth0.mac, isGroup: false, ethertype: 0x800, isIsis: false, on: eth0, ip: UDP, ...more };
}

type Case = readonly [
  request: object,
  frame: Partial<ReceivedFrame>,
  treatment: string,
  why: string,
  more?: Partial<Facts>,
];

function check(title: string, stage: Stage, cases: readonly Case[]): void {
  test(title, (t) => {
    for (const [request, frame, treatment, why, more] of cases) {
      const parsed = parseRequest({ cnf: "a", interconnect: "TAP", ...request });
      const taking: Taking = { stage, treatment: treatment as Taking["treatment"], why };
      t.deepEqual(takingOf(parsed, frameOf(frame), factsOf(more)), taking, `${JSON.stringify(request)}: ${why}`);
    }
  });
}

const wire = { type: "HAIRPIN_XCONNECT", vppInterface1: "eth0", vppInterface2: "eth1" };
const hairpin = { type: "HAIRPIN", vppInterface: "eth1", hairpinInterface: { name: "new0" } };

check("a wire takes everything of its interfaces, and nothing of others", "wire", [
  [wire, {}, "taken", "everything that eth0 receives goes to the CNF"],
  [wire, { on: eth1 }, "taken", "everything that eth1 receives goes to the CNF"],
  [wire, { on: vlan }, "passed", "the punt is on eth0 and eth1"],
  [hairpin, { on: eth1 }, "taken", "everything that eth1 receives goes to the CNF"],
  [hairpin, {}, "passed", "the punt is on eth1"],
  [{ ...hairpin, vppInterface: "eth9" }, {}, "passed", "VPP has no interface eth9"],
]);

const span = { type: "SPAN", vppInterface: "eth0" };
const ofVlan = { ...span, vppInterface: "eth0.7" };
const BLIND = "VPP mirrors at the device, not at a sub-interface";

check("a mirror copies what its device receives, unless it mirrors what that sends", "device", [
  [span, {}, "copy", "the punt mirrors everything that eth0 receives"],
  [{ ...span, direction: "both" }, {}, "copy", "the punt mirrors everything that eth0 receives"],
  [{ ...span, direction: "tx" }, {}, "passed", "the punt mirrors what eth0 sends (direction tx)"],
  [span, { on: eth1 }, "passed", "the punt is on eth0"],
  [ofVlan, { on: vlan }, "passed", BLIND],
  [{ ...ofVlan, direction: "both" }, { on: vlan }, "passed", BLIND],
  [{ ...ofVlan, direction: "tx" }, { on: vlan }, "passed", "the punt mirrors what eth0.7 sends (direction tx)"],
]);

const isisx = { type: "ISISX", vppInterface: "eth0" };

check("IS-IS of the interface goes to the CNF, and nothing else", "feature", [
  [isisx, { isIsis: true }, "taken", "IS-IS that eth0 receives goes to the CNF"],
  [isisx, {}, "passed", "the frame is not IS-IS (LLC fe fe 03, then 83)"],
  [isisx, { isIsis: true, on: eth1 }, "passed", "the punt is on eth0"],
]);

const abx = (...ingressAclRules: object[]) => ({ type: "ABX", vppInterface: "eth0", ingressAclRules });
const dns = { protocol: "UDP", destinationPort: 53 };
const group = { ip: { ...UDP, destination: "224.0.0.5" }, isGroup: true };
const abf = { features: new Set(["abf"]) } as never as Partial<Facts>;
const egress = { type: "ABX", vppInterface: "eth0", egressAclRules: [{ protocol: "UDP" }] };

check("the first rule that matches takes an IP packet, and each other one says why not", "feature", [
  [abx(dns), {}, "taken", "ingressAclRules[0] matches: UDP any -> any port 53"],
  [abx({ protocol: "TCP" }, dns, {}), {}, "taken", "ingressAclRules[1] matches: UDP any -> any port 53"],
  [abx({ destinationNetwork: "local" }), {}, "taken", "ingressAclRules[0] matches: any protocol any -> local"],
  [
    abx({ protocol: "TCP" }, { protocol: "OSPF" }),
    {},
    "passed",
    "ingressAclRules[0] wants TCP, and the packet is UDP; ingressAclRules[1] wants OSPF, and the packet is UDP",
  ],
  [abx(dns), { on: eth1 }, "passed", "the punt is on eth0"],
  [abx({}), notIp, "passed", "ABX looks at IP packets only"],
  [abx({}), group, "taken", "ingressAclRules[0] matches: any protocol any -> any"],
  [abx({}), group, "passed", "ABX by abf takes unicast only, and the packet goes to a group", abf],
  [abx({}), {}, "taken", "ingressAclRules[0] matches: any protocol any -> any", abf],
  [egress, {}, "passed", "the punt has no ingressAclRules"],
]);

const toHost = (af: string, protocol: string, port: number) => ({
  ...{ type: "PUNT_TO_SOCKET", interconnect: "AF_UNIX", socketPath: "/run/a" },
  toHost: { af, protocol, port },
});
const ofProtocol = (protocol: string) => ({
  ...{ type: "PUNT_TO_SOCKET", interconnect: "AF_UNIX", socketPath: "/run/a" },
  ipProto: { af: "IPV4", protocol },
});
const exception = (reason: string) => ({
  ...{ type: "PUNT_TO_SOCKET", interconnect: "AF_UNIX", socketPath: "/run/a" },
  exception: { reason },
});
const { ports: _ports, ...noPorts } = UDP;
const OSPF = { ...noPorts, protocol: 89 };

check("a socket gets packets of its kind that are for VPP itself", "local", [
  [toHost("IPV4", "UDP", 53), {}, "taken", "the packet is for VPP itself, and the punt has UDP port 53"],
  [toHost("BOTH", "UDP", 53), {}, "taken", "the packet is for VPP itself, and the punt has UDP port 53"],
  [
    toHost("IPV6", "ICMPV6", 130),
    { ip: ICMP6 },
    "taken",
    "the packet is for VPP itself, and the punt has ICMPv6 type 130",
  ],
  [toHost("IPV6", "UDP", 53), {}, "passed", "the punt wants IPV6, and the packet is IPV4"],
  [toHost("IPV4", "UDP", 53), { ip: ICMP6 }, "passed", "the punt wants IPV4, and the packet is IPV6"],
  [toHost("IPV4", "UDP", 54), {}, "passed", "the punt wants port 54, and the packet has 53"],
  [toHost("IPV4", "UDP", 53), { ip: noPorts }, "passed", "the punt wants port 53, and the packet has none"],
  [toHost("IPV6", "ICMPV6", 131), { ip: ICMP6 }, "passed", "the punt wants type 131, and the packet has 130"],
  [toHost("BOTH", "UDP", 135), { ip: ICMP6 }, "passed", "the punt wants UDP, and the packet is ICMPV6"],
  [
    toHost("IPV4", "UDP", 53),
    { ip: { ...UDP, destination: "10.0.0.2" } },
    "passed",
    "10.0.0.2 is not an address of VPP: the packet is routed",
  ],
  [toHost("IPV4", "UDP", 53), notIp, "passed", "the frame is not a whole IP packet"],
  [ofProtocol("OSPF"), { ip: OSPF }, "taken", "the packet is for VPP itself, and the punt has IPV4 OSPF"],
  [ofProtocol("OSPF"), {}, "passed", "the punt wants OSPF, and the packet is UDP"],
  [
    exception("ipsec4-spi-0"),
    {},
    "unknown",
    "the punt takes packets that VPP gives up with ipsec4-spi-0: VPP's trace shows it",
  ],
  [
    exception("other"),
    notIp,
    "unknown",
    "the punt takes packets that VPP gives up with other, a reason that this VPP does not have: VPP's trace shows it",
  ],
]);

const proxy = (families: string[], vrf = 0) => ({ type: "DHCP_PROXY", families, vrf });
const discover = { ip: { ...UDP, ports: { source: 68, destination: 67 } } };
const solicit = { ip: { ...ICMP6, protocol: 17, ports: { source: 546, destination: 547 } } };
const { tables: _tables, ...unread } = eth0;

check("a DHCP proxy relays requests of its VRF and its families", "local", [
  [proxy(["IPV4"]), discover, "taken", "VPP relays DHCP requests of VRF 0 to the CNF"],
  [proxy(["IPV4", "IPV6"]), solicit, "taken", "VPP relays DHCP requests of VRF 0 to the CNF"],
  [proxy(["IPV6"]), solicit, "taken", "VPP relays DHCP requests of VRF 0 to the CNF"],
  [proxy(["IPV4"]), solicit, "passed", "the packet is not a DHCP request of IPV4"],
  [proxy(["IPV4", "IPV6"]), {}, "passed", "the packet is not a DHCP request of IPV4 or IPV6"],
  [proxy(["IPV4"]), { ip: { ...discover.ip, protocol: 6 } }, "passed", "the packet is not a DHCP request of IPV4"],
  [proxy(["IPV4"]), { ip: noPorts }, "passed", "the packet is not a DHCP request of IPV4"],
  [proxy(["IPV4"]), notIp, "passed", "the packet is not a DHCP request of IPV4"],
  [proxy(["IPV4"], 7), discover, "passed", "eth0 is in VRF 0, and the punt is on VRF 7"],
  [proxy(["IPV4"], 7), { ...discover, on: unread }, "taken", "VPP relays DHCP requests of VRF 7 to the CNF"],
  [
    proxy(["IPV4"]),
    { ...discover, on: eth1 },
    "passed",
    "VPP relays from interfaces with an IPv4 address, and eth1 has none",
  ],
]);
