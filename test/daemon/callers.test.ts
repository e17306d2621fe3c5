// The policy in force: which rights each kind of caller has, with and without a file, and what a reload changes.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { Caller } from "../../lib/daemon/identity.js";
import { Policy } from "../../lib/daemon/policy/index.js";
import { type PuntStatus, parseRequest } from "../../lib/punt/index.js";

const GROUP = 7000;
const OWN = process.getuid!();
const STRANGER = OWN + 1234;

const unix = (more: object = {}): Caller => ({
  ...{ kind: "unix", uid: STRANGER, gid: 5, pid: 1, groups: [], socket: "/run/a.sock", ...more },
});
const tls = (text: string): Caller => ({ kind: "tls", names: [{ kind: "DNS", text }] });
const stonework = (more: object = {}): Caller => ({ kind: "stonework", address: "10.0.0.5", ...more });
const page = (uid?: number): Caller => ({ kind: "page", ...(uid !== undefined && { uid }) });

/** A policy file that a test may write again. */
async function policyOf(t: ExecutionContext, rules: object[]) {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-callers-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "policy.yaml");
  const write = (next: object[]) => writeFileSync(path, JSON.stringify({ rules: next }));
  write(rules);
  return { policy: await Policy.load(path, GROUP), write, path };
}

const namesOf = (policy: Policy, caller: Caller) => policy.rightsOf(caller).rules.map(({ name }) => name);

/** Names of the rules for the caller, where each rule has the name of what it matches. */
async function matched(t: ExecutionContext, matches: Record<string, object>, caller: Caller): Promise<string[]> {
  const rules = Object.entries(matches).map(([name, match]) => ({ name, match, cnfs: "*" }));
  return namesOf((await policyOf(t, rules)).policy, caller);
}

test("without a policy root and the group of the socket are operators", async (t) => {
  const policy = await Policy.load(undefined, GROUP);
  t.is(policy.path, undefined);
  for (const caller of [unix({ uid: 0 }), unix({ gid: GROUP }), unix({ groups: [1, GROUP] })]) {
    const rights = policy.rightsOf(caller);
    t.is(rights.caller, caller);
    t.deepEqual(rights.rules, [{ name: "operators", match: {}, operator: true, readOnly: false, cnfs: [] }]);
    t.is(rights.space, "");
  }
});

test("without a policy another user has a space of its own", async (t) => {
  const policy = await Policy.load(undefined, GROUP);
  const { rules, space } = policy.rightsOf(unix({ uid: 2001 }));
  t.is(space, "u2001.");
  t.deepEqual(rules, [
    { name: "space of uid 2001", match: { uid: [2001] }, operator: false, readOnly: false, cnfs: ["u2001.*"] },
  ]);
});

test("without a policy a certificate gives no right", async (t) => {
  t.deepEqual((await Policy.load(undefined, GROUP)).rightsOf(tls("a.example")).rules, []);
});

test("without a policy the user of the daemon and root are operators at StoneWork's ports, and other users are not", async (t) => {
  const policy = await Policy.load(undefined, GROUP);
  for (const uid of [0, OWN]) t.true(policy.rightsOf(stonework({ uid })).isOperator);
  for (const uid of [undefined, STRANGER]) t.deepEqual(policy.rightsOf(stonework({ uid })).rules, []);
});

test("without a policy a browser of another user may look at that user's space, and one of an unknown user at nothing", async (t) => {
  const policy = await Policy.load(undefined, GROUP);
  for (const uid of [0, OWN]) t.true(policy.rightsOf(page(uid)).isOperator);
  const other = policy.rightsOf(page(STRANGER));
  t.is(other.space, `u${STRANGER}.`);
  t.deepEqual(
    other.rules.map(({ operator, readOnly, cnfs }) => [operator, readOnly, cnfs]),
    [[false, true, [`u${STRANGER}.*`]]],
  );
  const unknown = policy.rightsOf(page());
  t.deepEqual([unknown.rules, unknown.space], [[], ""]);
});

test("a user matches by uid, by primary or other group, and by the socket, all that a rule names", async (t) => {
  const matches = {
    uid: { uid: [1, 2001] },
    otherUid: { uid: 2002 },
    gid: { gid: 5 },
    group: { gid: [6, 9] },
    otherGid: { gid: 7 },
    socket: { socket: "/run/*.sock" },
    otherSocket: { socket: "/run/b.sock" },
    all: { uid: 2001, gid: 9, socket: "/run/a.sock" },
    allButUid: { uid: 2002, gid: 9, socket: "/run/a.sock" },
    allButGid: { uid: 2001, gid: 7, socket: "/run/a.sock" },
    allButSocket: { uid: 2001, gid: 9, socket: "/run/b.sock" },
    san: { san: "*" },
    address: { address: "0.0.0.0/0" },
    addressAndUid: { address: "0.0.0.0/0", uid: 2001 },
  };
  const caller = unix({ uid: 2001, groups: [9] });
  t.deepEqual(await matched(t, matches, caller), ["uid", "gid", "group", "socket", "all"]);
});

test("a certificate matches by its names only", async (t) => {
  const matches = { own: { san: "a.*" }, other: { san: ["b.example", "c"] }, uid: { uid: 0 }, socket: { socket: "*" } };
  t.deepEqual(await matched(t, matches, tls("a.example")), ["own"]);
  t.deepEqual(await matched(t, matches, { kind: "tls", names: [] }), []);
});

test("a caller of StoneWork's matches by its address, and by the user where the rule names one", async (t) => {
  const matches = {
    network: { address: ["192.0.2.1", "10.0.0.0/24"] },
    other: { address: "10.0.1.0/24" },
    user: { address: "10.0.0.5", uid: 2001 },
    uid: { uid: 2001 },
    socket: { socket: "*" },
  };
  t.deepEqual(await matched(t, matches, stonework()), ["network"]);
  t.deepEqual(await matched(t, matches, stonework({ uid: 2001 })), ["network", "user"]);
  t.deepEqual(await matched(t, matches, stonework({ uid: 2002 })), ["network"]);
});

test("a browser matches by its user only", async (t) => {
  const matches = {
    user: { uid: [1, 2001] },
    other: { uid: 2002 },
    group: { uid: 2001, gid: 5 },
    socket: { uid: 2001, socket: "*" },
    address: { address: "0.0.0.0/0", uid: 2001 },
    onlySocket: { socket: "*" },
    san: { san: "*" },
  };
  t.deepEqual(await matched(t, matches, page(2001)), ["user"]);
  t.deepEqual(await matched(t, matches, page()), []);
});

test("without a policy a caller by a CNF's own socket, or an announced CNF of StoneWork's, is that CNF and nothing more", async (t) => {
  const policy = await Policy.load(undefined, GROUP);
  const bySocket = policy.rightsOf(unix({ uid: 0, cnf: "dns" }));
  t.deepEqual(bySocket.rules, [
    {
      ...{ name: "socket of CNF dns", match: { socket: ["/run/a.sock"] } },
      ...{ operator: false, readOnly: false, cnfs: ["dns"] },
    },
  ]);
  const announced = policy.rightsOf(stonework({ uid: 0, cnf: "dns" }));
  t.deepEqual(announced.rules, [
    { name: "StoneWork's CNF dns", match: {}, socketPaths: ["*"], operator: false, readOnly: false, cnfs: ["dns"] },
  ]);
  t.deepEqual([bySocket.space, announced.space], ["", ""]);
});

test("with a policy such a CNF has the rights of its rules for itself, and never those of operators", async (t) => {
  const rules = [
    { name: "own", match: { uid: 2001 }, cnfs: ["dns", "ntp"], count: 3 },
    { name: "other CNF", match: { uid: 2001 }, cnfs: "ntp" },
    { name: "other user", match: { uid: 2002 }, cnfs: "*" },
    { name: "operator", match: { uid: 2001 }, cnfs: "*", operator: true },
    { name: "network", match: { address: "10.0.0.0/8" }, cnfs: "d*" },
  ];
  const { policy } = await policyOf(t, rules);
  const bySocket = policy.rightsOf(unix({ uid: 2001, cnf: "dns" })).rules;
  t.deepEqual(
    bySocket.map(({ name, cnfs, count }) => [name, cnfs, count]),
    [["own", ["dns"], 3]],
  );
  const announced = policy.rightsOf(stonework({ cnf: "dns" })).rules;
  t.deepEqual(
    announced.map(({ name, cnfs }) => [name, cnfs]),
    [["network", ["dns"]]],
  );
  t.deepEqual(policy.rightsOf(unix({ uid: 9, cnf: "dns" })).rules, []);
});

test("a policy that is read again holds from then on, and listeners learn of it", async (t) => {
  const { policy, write, path } = await policyOf(t, [{ name: "old", match: { uid: 2001 } }]);
  t.is(policy.path, path);
  let heard = 0;
  const end = policy.onReload(() => void heard++);
  write([{ name: "new", match: { uid: 2001 } }]);
  t.deepEqual(namesOf(policy, unix({ uid: 2001 })), ["old"]);
  await policy.reload();
  t.deepEqual([namesOf(policy, unix({ uid: 2001 })), heard], [["new"], 1]);
  writeFileSync(path, "rules: [");
  await t.throwsAsync(policy.reload(), { code: "ERR_POLICY_FILE" });
  t.deepEqual([namesOf(policy, unix({ uid: 2001 })), heard], [["new"], 1]);
  end();
  write([]);
  await policy.reload();
  t.deepEqual([namesOf(policy, unix({ uid: 2001 })), heard], [[], 1]);
  const none = await Policy.load(undefined, GROUP);
  none.onReload(() => t.fail("there is nothing to read"));
  await none.reload();
});

const statusOf = (cnf: string, more: object = {}) => {
  const request = parseRequest({ cnf, type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0", ...more } as never);
  return { id: { cnf, key: "", label: "" }, request } as unknown as PuntStatus;
};

test("a punt that no rule for its CNF allows any more is named with the reasons, whatever it has in VPP", async (t) => {
  const limits = { interfaces: "eth9", vrfs: 9, count: 0 };
  const { policy } = await policyOf(t, [
    { name: "one", match: { uid: 1 }, cnfs: "dns", types: "ABX" },
    { name: "two", match: { uid: 2 }, cnfs: "d*", readOnly: true },
    { name: "all", match: { uid: 3 }, cnfs: "*", operator: true },
    { name: "ntp", match: { uid: 4 }, cnfs: "ntp", ...limits, count: 1 },
    { name: "no ntp", match: { uid: 5 }, cnfs: "ntp", types: "ABX" },
  ]);
  t.deepEqual(policy.objectionsTo([statusOf("dns"), statusOf("ntp"), statusOf("bgp")]), [
    'the policy does not allow punt dns any more, which stays: rule "one" (types): SPAN is not among ABX; rule "two" (readOnly): it allows to look only',
  ]);
});

test("a punt whose CNF has lost its rules is named, and a punt whose CNF never had any is an operator's", async (t) => {
  const { policy, write } = await policyOf(t, [
    { name: "dns", match: { uid: 1 }, cnfs: "dns" },
    { name: "operator", match: { uid: 2 }, cnfs: "bgp", operator: true },
  ]);
  t.deepEqual(policy.objectionsTo([statusOf("dns")]), []);
  write([{ name: "dns", match: { uid: 1 }, cnfs: "dns", types: "ABX" }]);
  await policy.reload();
  t.deepEqual(policy.objectionsTo([statusOf("dns")]), [
    'the policy does not allow punt dns any more, which stays: rule "dns" (types): SPAN is not among ABX',
  ]);
  write([]);
  await policy.reload();
  t.deepEqual(policy.objectionsTo([statusOf("dns"), statusOf("bgp"), statusOf("ntp")]), [
    "the policy has no rule for CNF dns any more: punt dns stays",
  ]);
  t.deepEqual((await Policy.load(undefined, GROUP)).objectionsTo([statusOf("dns")]), []);
});
