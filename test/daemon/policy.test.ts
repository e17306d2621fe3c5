// Rights of callers: the policy file, refusals, spaces of users, and a CNF's view of others.
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { parsePolicy } from "../../lib/daemon/index.js";
import type { PuntError } from "../../lib/errors.js";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { daemonTest, type Someone } from "../support/daemon/daemon.js";

const ALICE: Someone = { pid: 0, uid: 2001, gid: 2001 };
const BOB: Someone = { pid: 0, uid: 2002, gid: 2002 };

const span = (cnf: string, vppInterface = "eth0", key = ""): PuntRequestInput => ({
  cnf,
  key,
  type: "SPAN",
  interconnect: "MEMIF",
  vppInterface,
});

test("a policy is checked whole: every error has its line", (t) => {
  const text = `rules:
  - name: one
    match: { uid: -1 }
    types: [SPANN]
  - name: one
    match: {}
    ports: ["5-1"]
    colour: red
`;
  const { code, message, details } = t.throws<PuntError>(() => parsePolicy(text, "policy.yaml"));
  t.is(code, "ERR_POLICY_FILE");
  const lines = (details.issues as { line: number }[]).map(({ line }) => line);
  for (const line of [3, 4, 6, 7, 8]) t.true(lines.includes(line), `line ${line} of ${JSON.stringify(details.issues)}`);
  t.regex(message, /policy\.yaml:4: rules\[0\]\.types/);
  t.throws(() => parsePolicy("rules: [", "p"), { code: "ERR_POLICY_FILE" });
  t.throws(() => parsePolicy("", "p"), { code: "ERR_POLICY_FILE" });
  t.deepEqual(parsePolicy("rules: []", "p"), []);
});

test("an error of the whole file has the line on which its content begins", (t) => {
  const lineOf = (text: string) => {
    const { details, message } = t.throws<PuntError>(() => parsePolicy(text, "p"), { code: "ERR_POLICY_FILE" });
    return [(details.issues as { line: number }[])[0]!.line, /^daemon\.policy: p:\d+: /.test(message)];
  };
  t.deepEqual(lineOf("# Who may do what.\n\nrules: []\ncolour: red\n"), [4, true]);
  t.deepEqual(lineOf("# Nothing.\n- 5\n"), [2, true]);
  t.deepEqual(lineOf("# Nothing.\n"), [1, true]);
});

test("without a policy each user has a space of CNFs of its own, and root sees all", async (t) => {
  const { connect } = await daemonTest(t);
  const [alice, bob, root] = [await connect(ALICE), await connect(BOB), await connect()];
  const added = await alice.add(span("dns"), { waitFor: "CREATED" });
  t.is(added.id.cnf, "dns");
  t.is(added.request.cnf, "dns");
  t.is(added.metadata.id.cnf, "dns");
  await bob.add(span("dns"), { waitFor: "CREATED" });
  t.deepEqual(
    (await alice.list()).map(({ id }) => id.cnf),
    ["dns"],
  );
  t.deepEqual((await root.list()).map(({ id }) => id.cnf).sort(), ["u2001.dns", "u2002.dns"]);
  await bob.delete({ cnf: "dns" });
  t.is((await alice.get({ cnf: "dns" }))?.state, "CREATED");
  t.is(await alice.get({ cnf: "u2002.dns" }), undefined);
  t.deepEqual(await alice.list({ cnf: "u2002.dns" }), []);
  const events = alice.watch()[Symbol.asyncIterator]();
  const { value } = await events.next();
  t.deepEqual(
    value.punts.map(({ id }: { id: { cnf: string } }) => id.cnf),
    ["dns"],
  );
  await events.return?.();
  const [own, whole] = [await alice.info(), await root.info()];
  t.like(own, { operator: false, caller: "unix uid 2001 gid 2001" });
  for (const name of ["vppSocket", "devices"]) t.false(name in own, name);
  t.like(whole, { operator: true });
  t.regex(whole.vppSocket!, /^\/.*\.sock$/);
});

test("a CNF learns nothing of another one's punts from a conflict or a plan", async (t) => {
  const { connect } = await daemonTest(t);
  const [alice, bob] = [await connect(ALICE), await connect(BOB)];
  const cross = {
    type: "HAIRPIN_XCONNECT",
    interconnect: "MEMIF",
    vppInterface1: "eth0",
    vppInterface2: "eth1",
  } as const;
  await alice.add({ cnf: "secretname", ...cross });
  const error = await t.throwsAsync<PuntError>(bob.add({ cnf: "mine", ...cross }));
  t.regex(error!.message, /punt mine .*a punt of another CNF/);
  t.false(JSON.stringify([error!.message, error!.details]).includes("secretname"));
  t.false(JSON.stringify([error!.message, error!.details]).includes("u2001"));
  const run = await bob.plan();
  t.deepEqual([run.steps, run.punts], [[], []]);
});

const POLICY = `rules:
  - name: router
    match: { uid: 2001 }
    cnfs: ["ospf*", bgp]
    types: [ABX, SPAN, PUNT_TO_SOCKET]
    interfaces: [eth0]
    vrfs: 0
    ports: [53, "1000-1010"]
    count: 2
  - name: viewers
    match: { gid: 2002 }
    operator: true
    readOnly: true
`;

async function withPolicy(t: Parameters<typeof daemonTest>[0], text = POLICY) {
  const { mkdtemp, rm } = await import("node:fs/promises");
  const folder = await mkdtemp("/tmp/vpp-punt-policy-");
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const policy = join(folder, "policy.yaml");
  await writeFile(policy, text);
  const audit = join(folder, "audit.log");
  return { ...(await daemonTest(t, { policy, audit })), policy, audit };
}

test("a set of several CNFs is judged by its punts alone", async (t) => {
  const { connect } = await withPolicy(t);
  const alice = await connect(ALICE);
  const { added } = await alice.apply({ punts: [span("ospf1"), span("bgp")] }, { keep: true });
  t.deepEqual(added.map(({ id }) => id.cnf).sort(), ["bgp", "ospf1"]);
});

test("a refusal names the rule and what is allowed", async (t) => {
  const { connect, audit, daemon } = await withPolicy(t);
  const [alice, viewer, root] = [await connect(ALICE), await connect(BOB), await connect()];
  await alice.add(span("ospf1"), { waitFor: "CREATED" });
  const refusals: [object, RegExp][] = [
    [span("dns"), /rule "router" \(cnfs\): CNF dns is not among ospf\*, bgp/],
    [span("OSPF1"), /\(cnfs\)/],
    [span("bgp", "eth1"), /rule "router" \(interfaces\): VPP interface eth1 is not among eth0/],
    [
      { cnf: "bgp", type: "ISISX", interconnect: "TAP", vppInterface: "eth0" },
      /\(types\): ISISX is not among ABX, SPAN/,
    ],
    [socket(54), /\(ports\): port 54 is not among 53, 1000-1010/],
    [{ ...socket(53), toHost: undefined, ipProto: { af: "IPV4", protocol: "OSPF" } }, /\(ports\)/],
    [{ ...socket(53), socketPath: "/run/other.sock" }, /\(socketPaths\)/],
    [abx({ protocol: "TCP", destinationPort: { first: 1005, last: 1011 } }), /\(ports\).*ingressAclRules\[0\]/],
    [abx({}), /\(ports\).*every port/],
    [{ ...abx({ protocol: "UDP", destinationPort: 53 }), vrf: 5 }, /\(vrfs\): VRF 5 is not among 0/],
    [{ ...span("bgp"), interconnect: "TAP", netns: { pid: 1 } }, /\(netns\): namespace pid 1/],
  ];
  for (const [request, message] of refusals) {
    const error = await t.throwsAsync<PuntError>(alice.add(request as PuntRequestInput), undefined, String(message));
    t.is(error!.code, "ERR_POLICY", error!.message);
    t.regex(error!.message, message);
  }
  await alice.add(abx({ protocol: "UDP", destinationPort: { first: 1000, last: 1010 } }));
  const full = await t.throwsAsync<PuntError>(alice.add(span("bgp", "eth0", "third")));
  t.regex(full!.message, /\(count\).*2 are allowed/);
  t.is((await viewer.list()).length, 2);
  const looks = await t.throwsAsync<PuntError>(viewer.delete({ cnf: "ospf1" }));
  t.regex(looks!.message, /rule "viewers" \(readOnly\)/);
  const unknown = await t.throwsAsync<PuntError>(root.list());
  t.is(unknown!.code, "ERR_POLICY");
  // A daemon writes its log beside its answers.
  await daemon.close();
  const lines = (await readFile(audit, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  t.true(lines.some(({ call, decision, rule }) => call === "Add" && decision === "allowed" && rule === "router"));
  t.true(lines.some(({ decision, message }) => decision === "refused" && /CNF dns/.test(message)));
  t.true(lines.every(({ time, caller }) => time && caller));
});

function socket(port: number): PuntRequestInput & { socketPath?: string } {
  const request = { cnf: "bgp", type: "PUNT_TO_SOCKET", toHost: { af: "IPV4", protocol: "UDP", port } };
  return request as never;
}

function abx(rule: object): PuntRequestInput {
  return {
    cnf: "bgp",
    type: "ABX",
    interconnect: "MEMIF",
    vppInterface: "eth0",
    ingressAclRules: [rule],
  };
}

test("a tag, a missing interface, and VRF 0 do not pass a rule", async (t) => {
  const { connect, vpp } = await withPolicy(t);
  const client = await Vpp.connect({ socketPath: vpp.apiSocket });
  t.teardown(() => client.close());
  const sw_if_index = vpp.interface("eth1").swIfIndex;
  await client.call("sw_interface_tag_add_del", { is_add: true, sw_if_index, tag: "uplink" });
  const alice = await connect(ALICE);
  const alias = await t.throwsAsync<PuntError>(alice.add(span("bgp", "uplink")));
  t.regex(alias!.message, /VPP interface uplink is not among eth0/);
  // An interface that bears the allowed name as its tag is still eth1.
  await client.call("sw_interface_tag_add_del", { is_add: true, sw_if_index, tag: "eth0" });
  const disguised = await t.throwsAsync<PuntError>(alice.add(span("bgp", "eth0")));
  t.regex(disguised!.message, /the interface that VPP calls by the tag eth0 is not among eth0/);
  await client.call("sw_interface_tag_add_del", { is_add: false, sw_if_index, tag: "" });
  // Full-width letters are other letters.
  const unicode = await t.throwsAsync<PuntError>(alice.add(span("bgp", "ｅth0")));
  t.regex(unicode!.message, /VPP interface ｅth0 is not among eth0/);
  await client.call("ip_table_add_del", { is_add: true, table: { table_id: 9, is_ip6: false, name: "" } });
  const eth0 = vpp.interface("eth0").swIfIndex;
  await client.call("sw_interface_add_del_address", {
    sw_if_index: eth0,
    is_add: true,
    del_all: true,
    prefix: "10.0.0.1/24",
  });
  await client.call("sw_interface_set_table", { sw_if_index: eth0, is_ipv6: false, vrf_id: 9 });
  const vrf = await t.throwsAsync<PuntError>(alice.add(abx({ protocol: "UDP", destinationPort: 53 })));
  t.regex(vrf!.message, /\(vrfs\): VRF 9 is not among 0/);
  // The same if an interface is deleted while the daemon looks.
  vpp.faults.add({ message: "sw_interface_get_table", action: { kind: "refuse", error: "INVALID_SW_IF_INDEX" } });
  const again = await t.throwsAsync<PuntError>(alice.add(abx({ protocol: "UDP", destinationPort: 53 })));
  t.is(again!.message, vrf!.message);
});

test("a refusal does not tell whether VPP has the interface; an allowed name that VPP lacks gets ERR_UNRESOLVED", async (t) => {
  const { connect } = await withPolicy(t, POLICY.replace("[eth0]", "[eth0, wan*]"));
  const alice = await connect(ALICE);
  const refusal = async (request: PuntRequestInput) => {
    const { code, message, details } = (await t.throwsAsync<PuntError>(alice.add(request)))!;
    return JSON.stringify([code, message, details]).replaceAll(/eth[17]/g, "ethX");
  };
  t.is(await refusal(span("bgp", "eth7")), await refusal(span("bgp", "eth1")));
  t.regex(await refusal(span("bgp", "eth7")), /ERR_POLICY.*VPP interface ethX is not among eth0, wan\*/);
  t.regex(await refusal(span("bgp", "wan1")), /ERR_UNRESOLVED.*VPP has no interface wan1/);
  // A punt that waits for an interface tells whether that is there.
  const waiting = (name: string) => ({ ...span("bgp"), dependsOn: [{ kind: "interface", name }] }) as PuntRequestInput;
  t.is(await refusal(waiting("eth7")), await refusal(waiting("eth1")));
  t.is((await alice.add(waiting("wan1"))).state, "PENDING");
  const table = { ...span("bgp", "eth0", "table"), dependsOn: [{ kind: "vrf", vrf: 9 }] } as PuntRequestInput;
  t.regex(await refusal(table), /\(vrfs\): VRF 9 is not among 0/);
  const inVrf = { kind: "interface-in-vrf", name: "eth0", vrf: 9 };
  t.regex(await refusal({ ...span("bgp"), dependsOn: [inVrf] } as PuntRequestInput), /\(vrfs\): VRF 9 is not among 0/);
  const container = { ...span("bgp"), dependsOn: [{ kind: "container", name: "container:web" }] } as PuntRequestInput;
  t.regex(await refusal(container), /\(netns\): container:web is not among none/);
});

test("while VPP is away, a request about any interface gets ERR_UNRESOLVED", async (t) => {
  const { connect, vpp } = await withPolicy(t);
  const alice = await connect(ALICE);
  await vpp.close();
  while ((await alice.info()).vppConnected) await new Promise(setImmediate);
  for (const name of ["eth0", "eth1", "eth7"])
    await t.throwsAsync(alice.add(span("bgp", name)), { code: "ERR_UNRESOLVED", message: /VPP is away/ });
  await t.throwsAsync(alice.add(span("dns", "eth0")), { code: "ERR_POLICY" });
});

test("two calls at once do not pass a limit together", async (t) => {
  const { connect } = await withPolicy(t);
  const alice = await connect(ALICE);
  const results = await Promise.allSettled(["a", "b", "c", "d", "e"].map((key) => alice.add(span("bgp", "eth0", key))));
  t.is(results.filter(({ status }) => status === "fulfilled").length, 2);
  t.is((await alice.list()).length, 2);
});

test("reload takes a new policy, reports punts that it forbids, and keeps them; a wrong one changes nothing", async (t) => {
  const { connect, daemon, policy } = await withPolicy(t);
  const alice = await connect(ALICE);
  await alice.add(span("ospf1"));
  await writeFile(policy, POLICY.replace("[ABX, SPAN, PUNT_TO_SOCKET]", "ABX"));
  const [objection] = await daemon.reload();
  t.regex(objection!, /punt ospf1 .*rule "router" \(types\)/);
  t.is((await alice.list()).length, 1);
  await t.throwsAsync(alice.add(span("ospf2")), { code: "ERR_POLICY" });
  await writeFile(policy, "rules: 5");
  await t.throwsAsync(daemon.reload(), { code: "ERR_POLICY_FILE" });
  await t.throwsAsync(alice.add(span("ospf2")), { message: /\(types\)/ });
  await chmod(policy, 0o644);
});
