// Whether a packet matches a rule of an ABX punt, in words, and the packets that VPP takes for its own.
import test from "ava";
import type { IpHeaders } from "../../lib/packet/index.js";
import type { Facts } from "../../lib/punt/items/index.js";
import { parseRequest } from "../../lib/punt/request/request.js";
import { mismatchOf, ruleText } from "../../lib/punt/types/rule-match.js";
import { notForVpp, otherInterface, protocolName } from "../../lib/punt/types/taking.js";

function ruleOf(rule: object) {
  const request = parseRequest({
    type: "ABX",
    cnf: "a",
    interconnect: "TAP",
    vppInterface: "eth0",
    ingressAclRules: [rule],
  });
  if (request.type !== "ABX") throw new Error("another type came back");
  return request.ingressAclRules[0]!;
}

const UDP: IpHeaders = {
  at: 14,
  ...{ family: 4, source: "10.0.0.9", destination: "10.0.0.1", protocol: 17 },
  ports: { source: 1000, destination: 53 },
};
const ICMP: IpHeaders = { ...UDP, protocol: 1, icmp: { type: 8, code: 0 } };
const TCP: IpHeaders = { ...UDP, protocol: 6, tcpFlags: 0x12 };
const { ports: _, ...CUT } = UDP;
const FRAGMENT: IpHeaders = { ...CUT, isLaterFragment: true };

/** A rule, a packet, and why they don't match; undefined where they do. */
const looks: readonly (readonly [object, IpHeaders, string | undefined])[] = [
  [{}, UDP, undefined],
  [{ protocol: "UDP" }, UDP, undefined],
  [{ protocol: "TCP" }, UDP, "wants TCP, and the packet is UDP"],
  [{ protocol: 200 }, ICMP, "wants protocol 200, and the packet is ICMP"],
  [{ sourceNetwork: "10.0.0.0/28" }, UDP, undefined],
  [{ sourceNetwork: "10.0.0.0/29" }, UDP, "wants a source in 10.0.0.0/29, and the packet's is 10.0.0.9"],
  [{ sourceNetwork: "local" }, UDP, "wants a source in local, and the packet's is 10.0.0.9"],
  [{ destinationNetwork: "local" }, UDP, undefined],
  [{ destinationNetwork: "fd00::/8" }, UDP, "wants a destination in fd00::/8, and the packet's is 10.0.0.1"],
  [
    { protocol: "UDP", sourcePort: { first: 1000, last: 1001 }, destinationPort: { first: 52, last: 53 } },
    UDP,
    undefined,
  ],
  [{ protocol: "UDP", sourcePort: { first: 999, last: 1000 } }, UDP, undefined],
  [{ protocol: "UDP", sourcePort: 1001 }, UDP, "wants source port 1001, and the packet has 1000"],
  [{ protocol: "UDP", sourcePort: { first: 1, last: 999 } }, UDP, "wants source port 1-999, and the packet has 1000"],
  [{ protocol: "UDP", destinationPort: 54 }, UDP, "wants destination port 54, and the packet has 53"],
  [{ protocol: "UDP", destinationPort: 53 }, CUT, "wants destination port 53, and the packet has none"],
  [{ protocol: "UDP", destinationPort: 53 }, FRAGMENT, undefined],
  [{ protocol: "TCP", destinationPort: 53 }, FRAGMENT, "wants TCP, and the packet is UDP"],
  [{ protocol: "ICMP", icmpType: 8, icmpCode: 0 }, ICMP, undefined],
  [{ protocol: "ICMP", icmpType: 0 }, ICMP, "wants ICMP type 0, and the packet has 8"],
  [{ protocol: "ICMP", icmpCode: { first: 1, last: 2 } }, ICMP, "wants ICMP code 1-2, and the packet has 0"],
  [{ tcpFlags: { mask: 0x02, value: 0x02 } }, TCP, undefined],
  [{ tcpFlags: { mask: 0x10, value: 0x00 } }, TCP, "wants TCP flags 0 of 16, and the packet has 18"],
  [{ tcpFlags: { mask: 2, value: 0 } }, { ...UDP, protocol: 6 }, "wants TCP flags 0 of 2, and the packet has none"],
];

test("a packet that a rule does not match comes with the reason", (t) => {
  for (const [rule, packet, why] of looks)
    t.is(mismatchOf(ruleOf(rule), packet, ["10.0.0.1/24"]), why, JSON.stringify(rule));
});

test("a rule in words has all of its parts", (t) => {
  const texts: readonly (readonly [object, string])[] = [
    [{}, "any protocol any -> any"],
    [{ protocol: "UDP", destinationNetwork: "local", destinationPort: 53 }, "UDP any -> local port 53"],
    [
      { protocol: "TCP", sourceNetwork: "10.0.0.0/8", sourcePort: { first: 1, last: 9 } },
      "TCP 10.0.0.0/8 port 1-9 -> any",
    ],
    [{ protocol: "ICMP", icmpType: 8, icmpCode: { first: 0, last: 1 } }, "ICMP type 8 code 0-1 any -> any"],
    [{ protocol: 200 }, "protocol 200 any -> any"],
  ];
  for (const [rule, text] of texts) t.is(ruleText(ruleOf(rule)), text);
  t.is(protocolName(89), "OSPF");
});

test("VPP takes a packet to its own addresses, and otherwise where its routes say so", (t) => {
  const facts = (more: Partial<Facts> = {}) =>
    ({ interfaces: [{ name: "bare" }, { name: "eth0", addresses: ["10.0.0.1/24", "fd00::1/64"] }], ...more }) as Facts;
  const why = (destination: string, more?: Partial<Facts>) =>
    notForVpp({ ...UDP, family: destination.includes(":") ? 6 : 4, destination }, facts(more));
  for (const own of ["10.0.0.1", "fd00::1", "fe80::5", "fe9f::1", "febf::1"]) t.is(why(own), undefined, own);
  t.is(why("10.0.0.2"), "10.0.0.2 is not an address of VPP: the packet is routed");
  t.is(why("fec0::1"), "fec0::1 is not an address of VPP: the packet is routed");
  t.is(why("1fe8::1"), "1fe8::1 is not an address of VPP: the packet is routed");
  t.regex(why("255.255.255.255")!, /has no route for them \(`vppctl ip route add 255\.255\.255\.255\/32 via local`\)/);
  t.is(why("255.255.255.255", { broadcastRoutes: "x\n forwarding: a\n [0] dpo-receive" }), undefined);
  t.regex(why("255.255.255.255", { broadcastRoutes: "forwarding: a\n [0] dpo-drop" })!, /VPP drops packets/);
  for (const group of ["224.0.0.5", "229.0.0.1", "239.255.0.1"]) {
    t.regex(why(group)!, new RegExp(`no multicast route for ${group}: \`vppctl ip mroute add ${group} via`));
    t.is(why(group, { multicastRoutes: `(*, ${group}/32):` } as never), undefined);
  }
  t.regex(why("ff02::5")!, /no multicast route for ff02::5: `vppctl ip6 mroute add ff02::5 via <interface> Accept`/);
  for (const other of ["223.0.0.1", "240.0.0.1", "1.224.0.1"]) t.regex(why(other)!, /is not an address of VPP/);
});

test("a punt sees the frames of its own interface only", (t) => {
  const facts = { interface: (name: string) => (name === "eth0" ? { swIfIndex: 1 } : undefined) } as never;
  const frame = (swIfIndex: number) => ({ on: { swIfIndex } }) as never;
  t.is(otherInterface("eth0", frame(1), facts), undefined);
  t.is(otherInterface("eth0", frame(2), facts), "the punt is on eth0");
  t.is(otherInterface("eth1", frame(1), facts), "VPP has no interface eth1");
});
