// ABX rules, expanded for the address families of an interface.
import test from "ava";
import { parseRequest } from "../../lib/punt/request/request.js";
import { expandRules } from "../../lib/punt/types/acl-rules.js";

const dual = ["10.0.0.1/24", "10.0.1.1/24", "fd00::1/64"];

/** Returns the rules of VPP that one ABX rule becomes on an interface of these addresses. */
function rulesOf(rule: object, addresses: readonly string[] = dual) {
  const basis = { type: "ABX", cnf: "a", interconnect: "TAP", vppInterface: "eth0" } as const;
  const request = parseRequest({ ...basis, ingressAclRules: [rule] });
  if (request.type !== "ABX") throw new Error("another type came back");
  return expandRules(request.ingressAclRules, "ingressAclRules", "eth0", addresses);
}

/** Returns `proto source destination` of each of them. */
function expanded(rule: object, addresses?: readonly string[]): string[] {
  return rulesOf(rule, addresses).map((rule) => `${rule.proto} ${rule.src_prefix} ${rule.dst_prefix}`);
}

test("any becomes a rule for each family the interface has", (t) => {
  t.deepEqual(expanded({}), ["0 0.0.0.0/0 0.0.0.0/0", "0 ::/0 ::/0"]);
  t.deepEqual(expanded({}, ["10.0.0.1/24"]), ["0 0.0.0.0/0 0.0.0.0/0"]);
  t.deepEqual(expanded({ sourceNetwork: "", destinationNetwork: "" }), expanded({}));
});

test("local becomes a rule for each address", (t) => {
  t.deepEqual(expanded({ destinationNetwork: "local", protocol: "OSPF" }), [
    "89 0.0.0.0/0 10.0.0.1/32",
    "89 0.0.0.0/0 10.0.1.1/32",
    "89 ::/0 fd00::1/128",
  ]);
});

test("ICMPv4 and ICMPv6 are rules of their own family only", (t) => {
  t.deepEqual(expanded({ protocol: 1 }), ["1 0.0.0.0/0 0.0.0.0/0"]);
  t.deepEqual(expanded({ protocol: 58 }), ["58 ::/0 ::/0"]);
  t.deepEqual(expanded({ protocol: "ICMPv6", destinationNetwork: "local", icmpType: 135 }), ["58 ::/0 fd00::1/128"]);
  t.deepEqual(expanded({ protocol: "ICMP", sourceNetwork: "10.9.0.0/16" }), ["1 10.9.0.0/16 0.0.0.0/0"]);
});

test("a rule for a family without an address on the interface is a problem that names the rule", (t) => {
  const without = { message: /ingressAclRules\[0\].*IPv6.*eth0 has no IPv6 address/ };
  t.throws(() => expanded({ protocol: 58 }, ["10.0.0.1/24"]), without);
  t.throws(() => expanded({ sourceNetwork: "fd00::/8" }, ["10.0.0.1/24"]), without);
});

/** The ranges of the first rule of VPP, and its TCP flags. */
function ranges(rule: object, addresses?: readonly string[]) {
  const [of] = rulesOf(rule, addresses);
  if (of!.is_permit !== "ACL_ACTION_API_PERMIT") throw new Error("a rule that denies");
  const first = [of!.srcport_or_icmptype_first, of!.srcport_or_icmptype_last];
  const second = [of!.dstport_or_icmpcode_first, of!.dstport_or_icmpcode_last];
  return [first, second, [of!.tcp_flags_mask, of!.tcp_flags_value]];
}

test("ports, types, codes and flags are VPP's values, and all of them where the rule has none", (t) => {
  const ports = { sourcePort: 53, destinationPort: { first: 1000, last: 2000 } };
  const single = [53, 53];
  for (const protocol of ["TCP", "UDP"])
    t.deepEqual(ranges({ protocol, ...ports }), [single, [1000, 2000], [0, 0]], protocol);
  t.deepEqual(ranges({ protocol: "UDP", destinationPort: 53 }), [[0, 65535], single, [0, 0]]);
  t.deepEqual(ranges({}), [
    [0, 65535],
    [0, 65535],
    [0, 0],
  ]);
  t.deepEqual(ranges({ protocol: "ICMP", icmpType: { first: 3, last: 4 }, icmpCode: 1 }), [
    [3, 4],
    [1, 1],
    [0, 0],
  ]);
  t.deepEqual(ranges({ protocol: "ICMP" }), [
    [0, 255],
    [0, 255],
    [0, 0],
  ]);
  t.deepEqual(ranges({ protocol: "ICMPv6", icmpCode: 0 }), [
    [0, 255],
    [0, 0],
    [0, 0],
  ]);
  t.deepEqual(ranges({ tcpFlags: { mask: 18, value: 2 } }), [
    [0, 65535],
    [0, 65535],
    [18, 2],
  ]);
});

test("a rule without a protocol has the protocol that its parts imply", (t) => {
  t.deepEqual(expanded({ tcpFlags: { mask: 2, value: 2 } }, ["10.0.0.1/24"]), ["6 0.0.0.0/0 0.0.0.0/0"]);
  t.deepEqual(expanded({ icmpType: 8 }), ["1 0.0.0.0/0 0.0.0.0/0"]);
  t.deepEqual(expanded({ icmpCode: 0 }), ["1 0.0.0.0/0 0.0.0.0/0"]);
  t.deepEqual(expanded({ icmpType: 8, sourceNetwork: "fd00::/8" }), ["58 fd00::/8 ::/0"]);
  t.deepEqual(expanded({ icmpCode: 8, destinationNetwork: "fd00::/8" }), ["58 ::/0 fd00::/8"]);
});

test("on an interface with IPv6 addresses only, a rule is one of IPv6", (t) => {
  const addresses = ["fd00::1/64", "fd00::1/128", "fd01::1/64"];
  t.deepEqual(expanded({ protocol: "UDP", sourceNetwork: "local" }, addresses), [
    "17 fd00::1/128 ::/0",
    "17 fd01::1/128 ::/0",
  ]);
  const refused = (rule: object) => t.throws(() => expanded(rule, addresses)).message;
  t.regex(
    refused({ destinationNetwork: "10.0.0.0/8" }),
    /rule ingressAclRules\[0\] \(any -> 10\.0\.0\.0\/8\) is for IPv4, and eth0 has no IPv4 address/,
  );
  t.regex(refused({ sourceNetwork: "10.0.0.0/8" }), /\(10\.0\.0\.0\/8 -> any\)/);
  t.regex(refused({ sourceNetwork: "", destinationNetwork: "", protocol: 1 }), /\(any -> any, protocol 1\)/);
  t.regex(refused({ protocol: 1 }), /rule ingressAclRules\[0\] \(any -> any, protocol 1\) is for IPv4/);
});

const contradictions: readonly (readonly [object, RegExp])[] = [
  [{ protocol: "OSPF", sourcePort: 1 }, /sourcePort: goes with protocol TCP or UDP, and not with OSPF/],
  [{ protocol: "SCTP", sourcePort: 1 }, /sourcePort: goes with protocol TCP or UDP, and not with SCTP/],
  [{ protocol: 1, destinationPort: 1 }, /destinationPort: goes with protocol TCP or UDP, and not with ICMP/],
  [{ protocol: "UDP", icmpType: 1 }, /icmpType: goes with protocol ICMP or ICMPV6, and not with UDP/],
  [{ protocol: 200, icmpCode: 1 }, /icmpCode: goes with protocol ICMP or ICMPV6, and not with 200/],
  [{ protocol: "UDP", tcpFlags: { mask: 2, value: 2 } }, /tcpFlags: goes with protocol TCP, and not with UDP/],
  [{ tcpFlags: { mask: 2, value: 3 } }, /tcpFlags: value has flags that mask lacks, so no packet matches/],
  [
    { sourceNetwork: "10.0.0.0/8", destinationNetwork: "fd00::/8" },
    /destinationNetwork: is of another address family than sourceNetwork/,
  ],
  [{ protocol: 58, sourceNetwork: "10.0.0.0/8" }, /sourceNetwork: is IPv4, and protocol 58 is of IPv6 only/],
  [{ protocol: 1, destinationNetwork: "fd00::/8" }, /destinationNetwork: is IPv6, and protocol 1 is of IPv4 only/],
];

test("parts of a rule that contradict each other are named", (t) => {
  for (const [rule, message] of contradictions)
    t.throws(() => rulesOf(rule), { code: "ERR_INVALID_REQUEST", message }, JSON.stringify(rule));
});
