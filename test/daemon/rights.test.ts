// The rights of a caller under rules, without a daemon: what each rule opens, and the words where none does.
import test from "ava";
import { isUndecided, matches, matchesAny, type Resources } from "../../lib/daemon/policy/judge.js";
import { Rights } from "../../lib/daemon/policy/rights.js";
import type { Rule } from "../../lib/daemon/policy/schema.js";
import type { PuntError } from "../../lib/errors.js";
import { parseRequest } from "../../lib/index.js";

const ruleOf = (more: object): Rule =>
  ({ name: "r", match: {}, cnfs: [], operator: false, readOnly: false, ...more }) as Rule;
const rightsOf = (...rules: object[]) => new Rights({ kind: "unix", uid: 7, gid: 8 } as never, rules.map(ruleOf));
const span = parseRequest({ type: "SPAN", cnf: "dns", interconnect: "MEMIF", vppInterface: "eth0" });

const NOTHING: Resources = {
  ...{ interfaces: [], vrfs: [], isVppThere: true, ownNamespace: false, ownSocket: false, count: () => 0 },
};
const eth0 = (name: string | undefined, isDependency = false) => ({ written: "eth0", name, isDependency });
const refusal = (why: string) => ({
  ...{ code: "ERR_POLICY", message: `punt.x: the policy does not allow it to unix uid 7 gid 8: ${why}` },
});

test("a pattern stands for whole names, and only * and ? are not themselves", (t) => {
  for (const [pattern, name] of [
    ["dns", "dns"],
    ["d*", "d"],
    ["*", ""],
    ["d?s", "dns"],
    ["a.b*", "a.b\nc"],
    ["?", "\u{1f600}"],
    ["*ab?*d", "aabab-cdd"],
    ["**", ""],
    ["a*", "a"],
    ["*a", "*ba"],
    ["a**?b", "a*b"],
  ])
    t.true(matches(pattern!, name!), pattern);
  for (const [pattern, name] of [
    ["dns", "dns2"],
    ["dns", "2dns"],
    ["d?", "d"],
    ["a.b", "axb"],
    ["D", "d"],
    ["a+", "aa"],
    ["(a)", "a"],
    ["a*b", "ab-"],
    ["*a?", "ba"],
    ["?", ""],
    ["a*a", "a"],
    ["*ab", "aba"],
    ["", "a"],
  ])
    t.false(matches(pattern!, name!), pattern);
  t.true(matchesAny(["a", "b*"], "bc"));
  t.false(matchesAny([], "a"));
});

test("a caller without a rule may do nothing", (t) => {
  const none = rightsOf();
  t.false(none.isOperator);
  t.false(none.sees("dns"));
  t.false(none.changes("dns"));
  t.false(none.showsInterface("eth0"));
  t.false(none.reaches("h"));
  t.is(none.space, "");
  t.throws(() => none.requireRequest(span, NOTHING, "punt.x"), refusal("no rule matches the caller"));
});

test("a rule opens its CNFs; an operator's opens all, and a read-only rule changes none", (t) => {
  const own = rightsOf({ cnfs: ["dns"] });
  t.true(own.sees("dns") && own.changes("dns"));
  t.false(own.sees("bgp") || own.changes("bgp") || own.isOperator || own.isReadOnly);
  const viewer = rightsOf({ cnfs: ["dns"], readOnly: true });
  t.true(viewer.sees("dns") && viewer.isReadOnly);
  t.false(viewer.changes("dns"));
  const operator = rightsOf({ operator: true });
  t.true(operator.sees("bgp") && operator.changes("bgp") && operator.isOperator && operator.showsInterface("eth0"));
  const both = rightsOf({ operator: true, readOnly: true }, { cnfs: ["dns"] });
  t.true(both.sees("bgp") && both.changes("dns") && both.isOperator);
  t.false(both.changes("bgp") || both.isReadOnly);
});

test("a refused change names what each rule lacks", (t) => {
  const rights = rightsOf({ name: "a", cnfs: ["x", "y"] }, { name: "b", readOnly: true }, { name: "c" });
  const why =
    'rule "a" (cnfs): CNF dns is not among x, y; rule "b" (readOnly): it allows to look only; ' +
    'rule "c" (cnfs): CNF dns is not among none';
  const error = t.throws(() => rights.requireChange("dns", "punt.x"), refusal(why)) as PuntError;
  t.is((error.details.objections as unknown[]).length, 3);
  t.is(error.details.caller, "unix uid 7 gid 8");
  t.is(rightsOf({}, { name: "d", cnfs: ["d*"] }).requireChange("dns", "punt.x").name, "d");
});

test("interfaces are shown to users whose rules have them or say nothing of interfaces", (t) => {
  t.true(rightsOf({}).showsInterface("eth0"));
  t.true(rightsOf({ interfaces: [] }, { interfaces: ["eth*"] }).showsInterface("eth0"));
  t.false(rightsOf({ interfaces: ["eth1"] }).showsInterface("eth0"));
});

test("only what a rule is about is looked up, and nothing for an operator", (t) => {
  const needs = (...rules: object[]) => {
    const rights = rightsOf(...rules);
    return [rights.needsResources, rights.needsCount];
  };
  t.deepEqual(needs({}), [false, false]);
  t.deepEqual(needs({ interfaces: [] }), [true, false]);
  t.deepEqual(needs({}, { vrfs: [] }), [true, false]);
  t.deepEqual(needs({ count: 1 }), [false, true]);
  t.deepEqual(needs({ count: 1, vrfs: [] }, { operator: true }), [false, false]);
  t.deepEqual(needs({ count: 1, vrfs: [] }, { operator: true, readOnly: true }), [true, true]);
});

test("a request passes by the first rule that allows it, up to the last punt of its count", (t) => {
  const rights = rightsOf(
    { name: "a", cnfs: ["bgp"] },
    { name: "b", cnfs: ["dns"], count: 2 },
    { name: "c", cnfs: ["*"] },
  );
  const by = (resources: Partial<Resources>) =>
    rights.requireRequest(span, { ...NOTHING, ...resources }, "punt.x").name;
  t.is(by({ count: () => 1 }), "b");
  t.is(by({ count: () => 2 }), "c");
  const full = rightsOf({ cnfs: ["dns"], count: 2 });
  const why = 'rule "r" (count): CNF dns and its like have 2 punts, and 2 are allowed';
  t.throws(() => full.requireRequest(span, { ...NOTHING, count: () => 2 }, "punt.x"), refusal(why));
});

test("an interface that VPP lacks leaves the question open, unless a rule allows it anyway", (t) => {
  const rights = rightsOf({ cnfs: ["dns"], interfaces: ["eth*"] });
  const ask = (resources: Partial<Resources>) => () =>
    rights.requireRequest(span, { ...NOTHING, ...resources }, "punt.x");
  const open = "whether the policy allows the punt cannot be said until it is there";
  const unresolved = (why: string) => ({ code: "ERR_UNRESOLVED", message: `punt.x: ${why}: ${open}` });
  t.throws(ask({ interfaces: [eth0(undefined)] }), unresolved("VPP has no interface eth0"));
  t.throws(ask({ interfaces: [eth0(undefined)], isVppThere: false }), unresolved("VPP is away"));
  t.notThrows(ask({ interfaces: [eth0("eth0")] }));
  t.notThrows(ask({ interfaces: [eth0(undefined, true)] }));
  const tagged = 'rule "r" (interfaces): the interface that VPP calls by the tag eth0 is not among eth*';
  t.throws(ask({ interfaces: [eth0("secret")] }), refusal(tagged));
  t.false(isUndecided(ruleOf({}), { ...NOTHING, interfaces: [eth0(undefined)] }));
  t.true(isUndecided(ruleOf({ vrfs: [0] }), { ...NOTHING, interfaces: [eth0(undefined)] }));
  t.false(isUndecided(ruleOf({ vrfs: [0], operator: true }), { ...NOTHING, interfaces: [eth0(undefined)] }));
});

test("other hosts and traces are an operator's, and a change is not one's who may look only", (t) => {
  const operator = rightsOf({ name: "o", operator: true, hosts: ["h*"] });
  t.true(operator.reaches("h1"));
  t.false(operator.reaches("x") || rightsOf({ hosts: ["h1"] }).reaches("h1"));
  t.true(rightsOf({ operator: true }).reaches("x"));
  t.is(operator.requireHost("h1", true, "punt.x").name, "o");
  t.is(operator.requireTrace("h1", "punt.x").name, "o");
  t.is(operator.requireTrace(undefined, "punt.x").name, "o");
  t.throws(() => operator.requireHost("x", false, "punt.x"), refusal('rule "o" (hosts): host x is not among h*'));
  const viewer = rightsOf({ operator: true, readOnly: true });
  t.notThrows(() => viewer.requireHost("h1", false, "punt.x"));
  const look = 'rule "r" (readOnly): it allows to look only';
  t.throws(() => viewer.requireHost("h1", true, "punt.x"), refusal(look));
  t.throws(() => viewer.requireTrace(undefined, "punt.x"), refusal(`${look}, and a trace changes VPP`));
  const other = rightsOf({ cnfs: ["dns"] });
  t.throws(() => other.requireHost("h1", false, "punt.x"), refusal('rule "r" (operator): host h1 is for operators'));
  t.throws(
    () => other.requireHost("", false, "punt.x"),
    refusal('rule "r" (operator): the list of hosts is for operators'),
  );
  const trace = "VPP's trace has the packets of all CNFs, so it is for operators";
  t.throws(() => other.requireTrace(undefined, "punt.x"), refusal(`rule "r" (operator): ${trace}`));
});

test("an operator's rule allows every request", (t) => {
  const rights = rightsOf({ name: "o", operator: true, count: 0, interfaces: [], vrfs: [], ports: [], types: [] });
  t.is(rights.requireRequest(span, NOTHING, "punt.x").name, "o");
});

const dns = (more: object) =>
  parseRequest({
    ...{ cnf: "dns", type: "PUNT_TO_SOCKET", socketPath: "/s" },
    ...{ toHost: { af: "IPV4", protocol: "UDP", port: 53 }, ...more },
  } as never);

test("a rule allows the ports of its ranges, ends included, and no punt of all ports", (t) => {
  const ask = (port: number, ports: object[], more: object = {}) => {
    const request = dns({ toHost: { af: "IPV4", protocol: "UDP", port }, ...more });
    return rightsOf({ cnfs: ["*"], ports }).requireRequest(request, { ...NOTHING, ownSocket: true }, "punt.x").name;
  };
  const ranges = [
    { first: 53, last: 53 },
    { first: 1000, last: 2000 },
  ];
  for (const port of [53, 1000, 1500, 2000]) t.is(ask(port, ranges), "r");
  for (const port of [52, 54, 999, 2001])
    t.throws(() => ask(port, ranges), refusal(`rule "r" (ports): port ${port} is not among 53, 1000-2000`));
  t.throws(() => ask(53, []), refusal('rule "r" (ports): port 53 is not among none'));
  const abx = { ...span, type: "ABX", ingressAclRules: [{ protocol: "UDP" }] } as never;
  const all = rightsOf({ cnfs: ["*"], ports: [{ first: 0, last: 65535 }] });
  t.throws(() => all.requireRequest(abx, NOTHING, "punt.x"), { message: /\(ports\): .*ingressAclRules\[0\]/ });
  t.is(all.requireRequest(span, NOTHING, "punt.x").name, "r", "it has no ports");
});

test("what a punt waits for, or makes, is judged as what it uses", (t) => {
  const waiting = (...dependsOn: object[]) => parseRequest({ ...span, dependsOn } as never);
  const ask = (request: typeof span, rule: object) =>
    rightsOf({ cnfs: ["*"], ...rule }).requireRequest(request, NOTHING, "punt.x").name;
  const container = waiting({ kind: "container", name: "container:web" }, { kind: "link-up", name: "eth0" });
  t.is(ask(container, { netns: ["container:w*"] }), "r");
  t.throws(() => ask(container, {}), refusal('rule "r" (netns): container:web is not among none'));
  t.throws(() => ask(container, { netns: ["db"] }), refusal('rule "r" (netns): container:web is not among db'));
  const vrf = waiting({ kind: "link-up", name: "eth0" }, { kind: "vrf", vrf: 7, af: "IPV4" });
  t.is(ask(vrf, { vrfs: [7] }), "r");
  t.throws(() => ask(vrf, { vrfs: [0] }), refusal('rule "r" (vrfs): VRF 7 is not among 0'));
  const hairpin = parseRequest({
    ...{ type: "HAIRPIN", cnf: "dns", interconnect: "TAP", vppInterface: "eth0" },
    hairpinInterface: { name: "hp0" },
  } as never);
  t.is(ask(hairpin, { interfaces: ["hp*"] }), "r");
  t.throws(
    () => ask(hairpin, { interfaces: ["eth0"] }),
    refusal('rule "r" (interfaces): VPP interface hp0 is not among eth0'),
  );
  t.throws(() => ask(span, { types: ["ABX"] }), refusal('rule "r" (types): SPAN is not among ABX'));
  t.throws(() => ask(span, { interconnects: ["TAP"] }), refusal('rule "r" (interconnects): MEMIF is not among TAP'));
  t.throws(() => ask(span, { cnfs: ["bgp"] }), refusal('rule "r" (cnfs): CNF dns is not among bgp'));
});

test("the question about several interfaces stays open while one of them is missing, unless it is only awaited", (t) => {
  const [awaited, missing] = [eth0(undefined, true), { ...eth0(undefined), written: "eth1" }];
  const rights = rightsOf({ cnfs: ["dns"], interfaces: ["eth*"] });
  const ask = () => rights.requireRequest(span, { ...NOTHING, interfaces: [eth0("eth0"), awaited, missing] }, "punt.x");
  const error = t.throws(ask, { code: "ERR_UNRESOLVED", message: /VPP has no interface eth1:/ }) as PuntError;
  t.deepEqual(error.details, { interface: "eth1" });
});

test("a trace on another host is a change there", (t) => {
  const viewer = rightsOf({ operator: true, readOnly: true, hosts: ["h1", "h2"] });
  const ask = (host: string) => () => viewer.requireTrace(host, "punt.x");
  t.throws(ask("h1"), refusal('rule "r" (readOnly): it allows to look only'));
  t.throws(ask("h3"), refusal('rule "r" (hosts): host h3 is not among h1, h2'));
});

test("a namespace and a socket that are not the caller's own are allowed by name, and never by a way out of a folder", (t) => {
  const rights = rightsOf({
    cnfs: ["*"],
    netns: ["web", "/run/netns/*", "container:db", "pid 7"],
    socketPaths: ["/run/a/*"],
  });
  const words = 'rule "r" (netns): namespace';
  const allowed = "is not among its own, web, /run/netns/*, container:db, pid 7";
  const tap = (netns: object) => ({ ...span, interconnect: "TAP", netns }) as typeof span;
  const ask = (request: typeof span, resources: Partial<Resources> = {}) =>
    rights.requireRequest(request, { ...NOTHING, ...resources }, "punt.x");
  for (const netns of [{ name: "web" }, { path: "/run/netns/x" }, { container: "db" }, { pid: 7 }])
    t.is(ask(tap(netns)).name, "r", JSON.stringify(netns));
  const foreign: [object, string][] = [
    [{ name: "db" }, "db"],
    [{ path: "/run/netns/../other" }, "/run/netns/../other"],
    [{ container: "web" }, "container:web"],
    [{ pod: "web" }, "pod:web"],
    [{ microservice: "web" }, "microservice:web"],
    [{ pid: 8 }, "pid 8"],
  ];
  for (const [netns, name] of foreign) {
    t.throws(() => ask(tap(netns)), refusal(`${words} ${name} ${allowed}`));
    t.notThrows(() => ask(tap(netns), { ownNamespace: true }));
  }
  const socket = (socketPath: string) => dns({ socketPath });
  t.is(ask(socket("/run/a/s")).name, "r");
  const sockets = "is not among sockets that the daemon makes, /run/a/*";
  for (const path of ["/run/b/s", "/run/a/../b/s"]) {
    t.throws(() => ask(socket(path)), refusal(`rule "r" (socketPaths): socket ${path} ${sockets}`));
    t.notThrows(() => ask(socket(path), { ownSocket: true }));
  }
});
