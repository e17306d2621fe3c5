// The things that VPP lacks for a punt, cannot do for it, or keeps for itself, in words.
import test from "ava";
import type { Facts, VppInterface } from "../../lib/punt/items/index.js";
import { parseRequest } from "../../lib/punt/request/request.js";
import { caveatsOf, handlerOf, missingOf } from "../../lib/punt/types/index.js";

const eth0 = {
  ...{ swIfIndex: 1, id: "eth0", vppName: "eth0", tag: "", mac: "02:00:00:00:00:01", up: true, mtu: 1500, ours: false },
  ...{ linkUp: true, addresses: ["10.0.0.1/24"], tables: { 4: 3, 6: 0 } },
} satisfies VppInterface;
const bare: VppInterface = {
  ...eth0,
  swIfIndex: 2,
  id: "bare",
  vppName: "bare",
  up: false,
  linkUp: false,
  addresses: [],
};
const sub: VppInterface = { ...eth0, swIfIndex: 3, id: "sub", vppName: "sub", isSub: true };

const ALL = ["abx", "abf", "acl", "isisx", "dhcp", "vhost-net", "linux-cp-osi"];

/** Facts of a VPP that lacks `without`. */
function factsOf(without: readonly string[] = [], more: Partial<Facts> = {}): Facts {
  const interfaces = [eth0, bare, sub];
  const facts = {
    features: new Set(ALL.filter((name) => !without.includes(name))),
    lacks: new Map(without.map((name) => [name, { text: `no ${name}` }])),
    ...{ seen: new Map(), tables: new Set(["4/3", "6/4"]), puntReasons: new Map(), interfaces },
  };
  return { ...facts, interface: (name: string) => interfaces.find(({ id }) => id === name), ...more } as never;
}

const parse = (request: object) => parseRequest({ cnf: "a", interconnect: "TAP", ...request });
const missing = (request: object, facts = factsOf()) => missingOf(parse(request), facts).map(({ text }) => text);
const caveats = (request: object, facts = factsOf()) =>
  caveatsOf(parse(request), facts).map(({ code, degrades }) => `${code}${degrades ? "!" : ""}`);

const wire = { type: "HAIRPIN_XCONNECT", vppInterface1: "eth0", vppInterface2: "eth9" };
const isisx = { type: "ISISX", vppInterface: "eth0" };
const span = { type: "SPAN", vppInterface: "eth0" };
const hairpin = (more: object) => ({
  type: "HAIRPIN",
  vppInterface: "eth0",
  hairpinInterface: { name: "new0", ...more },
});
const socket = { type: "PUNT_TO_SOCKET", interconnect: "AF_UNIX", socketPath: "/run/a" };
const waiting = (...dependsOn: object[]) => ({ ...span, dependsOn });

test("a punt waits for the interfaces, addresses and tables that its type needs, each named once", (t) => {
  t.deepEqual(missing(wire), ["VPP interface eth9"]);
  t.deepEqual(missing({ ...wire, vppInterface1: "eth8" }), ["VPP interface eth8", "VPP interface eth9"]);
  t.deepEqual(missing({ ...span, vppInterface: "eth9", dependsOn: [{ kind: "interface", name: "eth9" }] }), [
    "VPP interface eth9",
  ]);
  t.deepEqual(missing(isisx), []);
  t.deepEqual(missing({ ...isisx, vrf: 3 }), []);
  t.deepEqual(missing({ ...isisx, vppInterface: "bare", vrf: 4 }), [
    "an address on VPP interface bare",
    "VPP interface bare in VRF 4",
  ]);
  t.deepEqual(missing(hairpin({ vrf: 3, ipAddresses: ["10.1.0.1/24"] })), []);
  t.deepEqual(missing(hairpin({ vrf: 4, ipAddresses: ["10.1.0.1/24", "10.2.0.1/24"] })), ["IPv4 table of VRF 4"]);
  t.deepEqual(missing(hairpin({ vrf: 4, ipAddresses: ["fd00::1/64"] })), []);
  t.deepEqual(missing(hairpin({ vrf: 4, withDhcpClient: true })), ["IPv4 table of VRF 4"]);
  t.deepEqual(missing(hairpin({ ipAddresses: ["10.1.0.1/24"] })), []);
  const families = ["IPV4", "IPV6"];
  t.deepEqual(missing({ type: "DHCP_PROXY", vrf: 3, families }), ["IPv6 table of VRF 3"]);
  const exception = { ...socket, exception: { reason: "x" } };
  t.deepEqual(missing(exception), ["punt reason x in VPP"]);
  t.deepEqual(missing(exception, factsOf([], { puntReasons: new Map([["x", 0]]) })), []);
});

test("each dependency is named as far as it is not there", (t) => {
  const cases: [object, string[]][] = [
    [{ kind: "interface", name: "eth0" }, []],
    [{ kind: "link-up", name: "eth0" }, []],
    [{ kind: "link-up", name: "bare" }, ["the link of VPP interface bare"]],
    [{ kind: "link-up", name: "eth9" }, ["VPP interface eth9"]],
    [{ kind: "address", name: "eth0" }, []],
    [{ kind: "address", name: "bare" }, ["an address on VPP interface bare"]],
    [{ kind: "address", name: "eth0", address: "10.0.0.1/24" }, []],
    [{ kind: "address", name: "eth0", address: "10.0.0.1/25" }, ["the address 10.0.0.1/25 on VPP interface eth0"]],
    [{ kind: "interface-in-vrf", name: "eth0", vrf: 3 }, []],
    [{ kind: "interface-in-vrf", name: "eth0", vrf: 3, af: "IPV4" }, []],
    [{ kind: "interface-in-vrf", name: "eth0", vrf: 3, af: "IPV6" }, ["VPP interface eth0 in VRF 3 of IPV6"]],
    [{ kind: "interface-in-vrf", name: "eth0", vrf: 5 }, ["VPP interface eth0 in VRF 5"]],
    [{ kind: "vrf", vrf: 3, af: "IPV4" }, []],
    [{ kind: "vrf", vrf: 3, af: "IPV6" }, ["IPv6 table of VRF 3"]],
    [{ kind: "container", name: "container:up" }, []],
    [{ kind: "container", name: "container:down" }, ["container down"]],
  ];
  const facts = factsOf([], { absentContainers: new Map([["container:down", { text: "container down" }]]) } as never);
  for (const [dependency, texts] of cases)
    t.deepEqual(missing(waiting(dependency), facts), texts, JSON.stringify(dependency));
  const both = waiting({ kind: "link-up", name: "bare" }, { kind: "vrf", vrf: 9, af: "IPV4" });
  t.deepEqual(missing(both), ["the link of VPP interface bare", "IPv4 table of VRF 9"]);
});

test("an interface that is down degrades a punt once, with the command that mends it", (t) => {
  t.deepEqual(caveats(span), []);
  t.deepEqual(caveats({ ...wire, vppInterface1: "bare", vppInterface2: "eth0" }), ["INTERFACE_DOWN!"]);
  const [down] = caveatsOf(parse({ ...span, vppInterface: "bare" }), factsOf());
  t.is(down!.text, "interface bare is down: VPP neither receives nor sends packets there");
  t.is(down!.remedy, "vppctl set interface state bare up");
  t.deepEqual(caveats({ ...span, vppInterface: "sub" }).length, 1);
  t.deepEqual(caveats({ ...span, vppInterface: "sub", direction: "tx" }), []);
  for (const software of ["bond", "loopback", "tunnel"] as const) {
    const facts = factsOf([], { interface: () => ({ ...eth0, software }) });
    t.deepEqual(caveats(span, facts), ["NO_DEVICE!"], software);
    t.deepEqual(caveats({ ...span, direction: "tx" }, facts), [], software);
  }
});

test("a TAP without /dev/vhost-net and GSO over memif are made otherwise, and degrade nothing", (t) => {
  t.deepEqual(caveats(span, factsOf(["vhost-net"])), ["VETH"]);
  t.deepEqual(caveats({ ...span, interconnect: "MEMIF" }, factsOf(["vhost-net"])), []);
  t.deepEqual(caveats({ ...span, interconnect: "MEMIF", enableGso: true }), ["NO_GSO"]);
  t.deepEqual(caveats({ ...span, enableGso: true }), []);
  t.deepEqual(caveats({ type: "DHCP_PROXY", families: ["IPV4"], enableGso: true }), []);
  t.deepEqual(caveats({ type: "DHCP_PROXY", families: ["IPV6"], enableGso: true }), ["INTERFACE_ID_FIRST", "NO_GSO"]);
  t.deepEqual(caveats({ type: "DHCP_PROXY", families: ["IPV6"] }), ["INTERFACE_ID_FIRST"]);
});

test("IS-IS without its plugin is made by linux-cp where that works", (t) => {
  t.deepEqual(caveats(isisx), []);
  t.deepEqual(caveats(isisx, factsOf(["isisx"])), ["MORE_THAN_ISIS", "STAYS_ENABLED"]);
  const items = (request: object, without: string[]) => {
    const facts = factsOf(without);
    const parsed = parse(request);
    return handlerOf(parsed).items(parsed, [{ name: "tap0" }] as never, { facts } as never);
  };
  t.is(items(isisx, []).length, 2);
  t.is(items(isisx, ["isisx"]).length, 1);
  const memif = { ...isisx, interconnect: "MEMIF" };
  for (const [request, without, message] of [
    [memif, ["isisx"], /for ISISX over MEMIF, and its stand-in linux-cp works over TAP only/],
    [memif, ["isisx", "linux-cp-osi"], /for ISISX over MEMIF, nor the stand-in for it: no linux-cp-osi/],
    [isisx, ["isisx", "vhost-net"], /for ISISX over TAP, and its stand-in linux-cp needs \/dev\/vhost-net/],
  ] as const)
    t.throws(() => items(request, [...without]), { message });
  const paired = (request: object, without: string[]) =>
    handlerOf(parse(request)).pairedWith?.(parse(request), factsOf(without));
  t.is(paired(isisx, ["isisx"]), "eth0");
  t.is(paired(isisx, []), undefined);
  t.is(paired(memif, ["isisx"]), undefined);
});

const abx = (ingressAclRules: object[], egressAclRules: object[] = []) => ({
  ...{ type: "ABX", vppInterface: "eth0" },
  ...{ ingressAclRules, egressAclRules },
});
const to = (destinationNetwork: string, protocol = "UDP") => ({ protocol, destinationNetwork });

test("a rule that surely asks for multicast degrades a punt that VPP makes by abf", (t) => {
  const byAbf = factsOf(["abx"]);
  const degrades = (rule: object) => caveats(abx([rule]), byAbf).includes("UNICAST_ONLY!");
  for (const rule of [{}, { protocol: "OSPF" }, to("224.0.0.5/32"), to("0.0.0.0/0", "OSPF"), to("ff02::/16")])
    t.true(degrades({ ...rule }), JSON.stringify(rule));
  for (const rule of [
    ...[to("local", "OSPF"), { protocol: "UDP" }, { protocol: "TCP" }, to("0.0.0.0/0"), to("10.0.0.0/8", "OSPF")],
    to("fd00::/8", "OSPF"),
  ])
    t.false(degrades({ ...rule }), JSON.stringify(rule));
  t.deepEqual(caveats(abx([{ protocol: "UDP" }]), byAbf), ["UNICAST_ONLY", "ROUTED", "EGRESS_ROUTED"]);
  t.deepEqual(caveats(abx([], [{ protocol: "OSPF" }]), byAbf), ["UNICAST_ONLY", "ROUTED", "EGRESS_ROUTED!"]);
  t.deepEqual(caveats(abx([], [{}]), byAbf), ["UNICAST_ONLY", "ROUTED", "EGRESS_ROUTED"]);
  t.deepEqual(caveats(abx([{}]), factsOf(["abx", "abf"])), []);
});

test("an egress rule of unicast degrades a punt, and a missing one only if the CNF sends multicast", (t) => {
  t.deepEqual(caveats(abx([{ protocol: "OSPF" }])), ["NO_EGRESS!"]);
  t.deepEqual(caveats(abx([{ protocol: "TCP" }])), ["NO_EGRESS"]);
  t.deepEqual(caveats(abx([{}])), ["NO_EGRESS"]);
  t.deepEqual(caveats(abx([], [to("224.0.0.0/24"), to("ff02::5/128")])), []);
  t.deepEqual(caveats(abx([], [to("224.0.0.0/24"), to("10.0.0.0/8")])), ["EGRESS_UNICAST!"]);
  t.deepEqual(caveats(abx([], [{ protocol: "TCP" }])), ["EGRESS_UNICAST!"]);
  t.deepEqual(caveats(abx([], [{ protocol: "SCTP" }])), ["EGRESS_UNICAST!"]);
  t.deepEqual(caveats(abx([], [{ protocol: "OSPF" }])), ["EGRESS_UNICAST"]);
  t.deepEqual(caveats(abx([], [to("0.0.0.0/0")])), ["EGRESS_UNICAST"]);
});

const toHost = (af: string, port: number, more: object = {}) => ({
  ...socket,
  toHost: { af, protocol: "UDP", port, ...more },
});

test("a socket's groups and broadcast need routes in VPP, and the missing ones are named with their commands", (t) => {
  const routes = (multicastRoutes: string) => factsOf([], { multicastRoutes });
  const groups = (request: object, text: string) => caveatsOf(parse(request), routes(text)).map(({ remedy }) => remedy);
  const command = (group: string, ip: string) =>
    `vppctl ${ip} mroute add ${group} via <interface> Accept, and vppctl ${ip} mroute add ${group} via local Forward`;
  t.deepEqual(groups(toHost("BOTH", 5353), ""), [`${command("224.0.0.251", "ip")}; ${command("ff02::fb", "ip6")}`]);
  t.deepEqual(groups(toHost("IPV4", 5353), ""), [command("224.0.0.251", "ip")]);
  t.deepEqual(groups(toHost("BOTH", 5353), "(*, 224.0.0.251/32) (*, ff02::fb/128)"), []);
  t.deepEqual(groups(toHost("IPV4", 53), ""), []);
  t.deepEqual(caveats(toHost("BOTH", 5353)), []);
  const broadcast = (request: object, broadcastRoutes: string) => caveats(request, factsOf([], { broadcastRoutes }));
  t.deepEqual(broadcast(toHost("IPV4", 67), ""), ["BROADCAST_ROUTE!"]);
  t.deepEqual(broadcast(toHost("BOTH", 67), "forwarding:\n dpo-drop"), ["BROADCAST_ROUTE!"]);
  t.deepEqual(broadcast(toHost("IPV4", 67), "forwarding:\n [0] dpo-receive"), []);
  t.deepEqual(broadcast(toHost("IPV6", 67), ""), []);
  t.deepEqual(broadcast(toHost("IPV4", 68), ""), []);
});

test("only what depends on VPP's routes and handlers has them read", (t) => {
  const reads = (request: object) => {
    const parsed = parse(request);
    const handler = handlerOf(parsed);
    return [handler.readsMulticast?.(parsed), handler.readsLocalHandlers?.(parsed)];
  };
  t.deepEqual(reads(toHost("IPV4", 53)), [false, "udpPorts"]);
  t.deepEqual(reads(toHost("IPV4", 67)), [true, "udpPorts"]);
  t.deepEqual(reads(toHost("IPV4", 5353)), [true, "udpPorts"]);
  t.deepEqual(reads({ ...socket, toHost: { af: "IPV6", protocol: "ICMPV6", port: 130 } }), [false, undefined]);
  t.deepEqual(reads({ ...socket, ipProto: { af: "IPV4", protocol: "OSPF" } }), [true, "ipProtocols"]);
  t.deepEqual(reads({ ...socket, ipProto: { af: "IPV4", protocol: "RSVP" } }), [false, "ipProtocols"]);
  t.deepEqual(reads({ ...socket, exception: { reason: "x" } }), [false, undefined]);
});

test("a port that VPP handles itself is refused by its node, unless force takes it", (t) => {
  const udpPorts = new Map([
    ["4/53", "ip4-dns"],
    ["4/54", "ip4-udp-punt-socket"],
  ]);
  const facts = factsOf([], { udpPorts });
  const items = (request: object) => {
    const parsed = parse(request);
    return handlerOf(parsed).items(parsed, [], { facts } as never);
  };
  const message =
    "VPP handles IPV4 UDP port 53 itself (node ip4-dns), and would lose it for good; force: true takes it anyway";
  t.throws(() => items(toHost("BOTH", 53)), { message });
  t.is(items(toHost("BOTH", 53, { force: true })).length, 2);
  t.is(items(toHost("IPV4", 54)).length, 1);
  t.is(items(toHost("IPV6", 53)).length, 1);
});

test("a port or a protocol that VPP gave to another node later is named", (t) => {
  const idle = (key: string) => new Map([[key, { kind: "punt-socket", key, ours: true, value: { port: "taken" } }]]);
  const byPort = { udpPorts: new Map([["4/53", "ip4-dns"]]), seen: idle("punt-socket/l4/IPV4/53") };
  t.deepEqual(caveats(toHost("IPV4", 53), factsOf([], byPort as never)), ["PORT_TAKEN!"]);
  const byProtocol = { ipProtocols: new Map([["4/4", "ipip4-input"]]), seen: idle("punt-socket/ip-proto/IPV4/4") };
  const ipip = { ...socket, ipProto: { af: "IPV4", protocol: 4 } };
  t.deepEqual(caveats(ipip, factsOf([], byProtocol as never)), ["PROTOCOL_TAKEN!"]);
});
