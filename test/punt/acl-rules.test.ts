// ABX rules, expanded for the address families of an interface.
import test from "ava";
import { parseRequest } from "../../lib/punt/request/request.js";
import { expandRules } from "../../lib/punt/types/acl-rules.js";

const dual = ["10.0.0.1/24", "10.0.1.1/24", "fd00::1/64"];

/** Returns `proto source destination` of each rule that one ABX rule becomes on an interface of these addresses. */
function expanded(rule: object, addresses: readonly string[] = dual): string[] {
  const basis = { type: "ABX", cnf: "a", interconnect: "TAP", vppInterface: "eth0" } as const;
  const request = parseRequest({ ...basis, ingressAclRules: [rule] });
  if (request.type !== "ABX") throw new Error("another type came back");
  return expandRules(request.ingressAclRules, "ingressAclRules", "eth0", addresses).map(
    (rule) => `${rule.proto} ${rule.src_prefix} ${rule.dst_prefix}`,
  );
}

test("any becomes a rule for each family the interface has", (t) => {
  t.deepEqual(expanded({}), ["0 0.0.0.0/0 0.0.0.0/0", "0 ::/0 ::/0"]);
  t.deepEqual(expanded({}, ["10.0.0.1/24"]), ["0 0.0.0.0/0 0.0.0.0/0"]);
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
