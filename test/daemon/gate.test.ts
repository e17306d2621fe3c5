// Requests at the gate of the daemon, and a caller's view of the punts: without VPP, a manager or a connection.
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import test from "ava";
import type { Caller } from "../../lib/daemon/identity.js";
import { NOTHING, Resolver } from "../../lib/daemon/policy/index.js";
import type { Resources } from "../../lib/daemon/policy/judge.js";
import { Rights } from "../../lib/daemon/policy/rights.js";
import type { Rule } from "../../lib/daemon/policy/schema.js";
import { judged, type Parts, PuntNames, RequestGate, Scope, View } from "../../lib/daemon/service/index.js";
import { waitOf } from "../../lib/daemon/service/requests.js";
import { PuntError } from "../../lib/errors.js";
import {
  idOf,
  type PuntId,
  type PuntRequest,
  type PuntStatus,
  parseRequest,
  puntSocketPath,
} from "../../lib/punt/index.js";
import { requestToWire } from "../../lib/wire/index.js";

const OWNER = "tester";
const FOLDER = "/run/of/sockets";
const CALLER: Caller = { kind: "unix", uid: 2001, gid: 5, pid: 0, groups: [], socket: "/run/a.sock" };

const id = (cnf: string, key = ""): PuntId => ({ cnf, key, label: "" });
const span = (cnf: string, key = "", more: object = {}): PuntRequest =>
  parseRequest({ cnf, key, type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0", ...more } as never);
const ruleOf = (more: object): Rule =>
  ({ name: "r", match: {}, cnfs: ["*"], operator: false, readOnly: false, ...more }) as Rule;

interface Play {
  readonly rules?: readonly Rule[];
  readonly space?: string;
  readonly listed?: readonly PuntId[];
  readonly found?: Omit<Resources, "count" | "ownNamespace" | "ownSocket">;
  readonly caller?: Caller;
  readonly more?: object;
}

/** The parts of a daemon as far as the gate and a scope need them. */
function play({
  rules = [ruleOf({})],
  space = "",
  listed = [],
  found = NOTHING,
  caller = CALLER,
  more = {},
}: Play = {}) {
  const entries: Record<string, unknown>[] = [];
  const logged: unknown[] = [];
  const asked: string[] = [];
  const parts: Parts = {
    policy: { rightsOf: () => new Rights(caller, rules, space) },
    names: new PuntNames(),
    owner: OWNER,
    socketDirectory: FOLDER,
    pins: { isOf: (cnf: string, path: string) => path === `/run/netns-of/${cnf}` },
    resolver: {
      async resolve(_request: PuntRequest, isFresh: boolean) {
        asked.push(isFresh ? "more names" : "names");
        return found;
      },
    },
    punts: {
      async list() {
        asked.push("list");
        return listed.map((each) => ({ id: each }));
      },
      get: async () => undefined,
    },
    snapshots: { now: async () => ({ punts: await parts.punts.list() }) },
    as: (by: string, change: () => Promise<unknown>) => {
      asked.push(by);
      return change();
    },
    cluster: () => undefined,
    hosts: undefined,
    audit: { write: (entry: Record<string, unknown>) => void entries.push(entry) },
    log: { error: (fields: object, message: string) => void logged.push([fields, message]) },
    ...more,
  } as unknown as Parts;
  const scopeOf = (op = "punt.add") => new Scope(parts, caller, "Add", op);
  return { parts, gate: new RequestGate(parts), scopeOf, entries, logged, asked };
}

const nobody = () => false;

test("a request is read in the caller's space, and gets a path for the socket that it lacks", (t) => {
  const { gate, scopeOf } = play({ space: "u7." });
  const request = { cnf: "dns", type: "PUNT_TO_SOCKET", toHost: { af: "IPV4", protocol: "UDP", port: 53 } };
  const wireOf = (more: object = {}) => requestToWire({ ...request, ...more } as never) as never;
  const read = gate.read(wireOf(), scopeOf());
  t.is(read.cnf, "u7.dns");
  const path = puntSocketPath(OWNER, FOLDER, JSON.stringify(["u7.dns", "", ""]));
  t.is((read as { socketPath?: string }).socketPath, path);
  t.is(path.startsWith(join(FOLDER, "/")), true);
  const given = gate.read(wireOf({ socketPath: "/run/own.sock" }), scopeOf());
  t.is((given as { socketPath?: string }).socketPath, "/run/own.sock");
  const wrong = { ...(wireOf() as object), cnf: "a b" } as never;
  const error = t.throws<PuntError>(() => gate.read(wrong, scopeOf("punt.apply"), "requests[3]"));
  t.like(error, { op: "punt.apply", code: "ERR_INVALID_REQUEST" });
  t.regex(error.message, /requests\[3\]/);
});

test("others work while many requests are read", async (t) => {
  const { gate, scopeOf } = play();
  const wires = Array.from({ length: 1_000 }, (_, index) => requestToWire(span("a", `${index}`)) as never);
  let turns = 0;
  const count = () => {
    turns++;
    counting = setImmediate(count);
  };
  let counting = setImmediate(count);
  const read = await gate.readAll(wires, scopeOf(), "requests");
  clearImmediate(counting);
  t.deepEqual(
    read.map(({ key }) => key),
    [...Array(1_000).keys()].map(String),
  );
  t.true(turns >= 9, `${turns}`);
  wires[150] = { ...(wires[150] as object), cnf: "a b" } as never;
  await t.throwsAsync(gate.readAll(wires, scopeOf(), "requests"), { message: /requests\[150\]/ });
});

test("a change is made once all requests are allowed, and says which rule did it", async (t) => {
  const { gate, scopeOf, asked } = play({ rules: [ruleOf({ cnfs: ["a"] }), ruleOf({ name: "second", cnfs: ["b"] })] });
  const scope = scopeOf();
  t.is(await gate.pass([span("a"), span("b", "k")], scope, nobody, async () => "done"), "done");
  t.is(scope.rule, "second");
  t.deepEqual(scope.punts, [id("a"), id("b", "k")]);
  t.deepEqual(asked, [], "no rule needs names or counts");
  const kept = scopeOf();
  kept.punts = [id("x")];
  await gate.pass([span("a")], kept, nobody, async () => {});
  t.deepEqual(kept.punts, [id("x")]);
  const change = async () => t.fail("it is refused");
  await t.throwsAsync(gate.pass([span("a"), span("c")], scopeOf(), nobody, change), { code: "ERR_POLICY" });
});

test("a count is of the punts that stay, those under way, and those of the same call", async (t) => {
  const rules = [ruleOf({ cnfs: ["a*"], count: 3 })];
  const listed = [id("a", "1"), id("a2"), id("b"), id("a", "gone")];
  const { gate, scopeOf, asked } = play({ rules, listed });
  const pass = (requests: PuntRequest[], change: () => Promise<unknown> = async () => "ok", gone = nobody as never) =>
    gate.pass(requests, scopeOf(), gone, change);
  const refused = (objects: number) => ({
    ...{ code: "ERR_POLICY", message: new RegExp(`CNF a and its like have ${objects} punts, and 3 are allowed`) },
  });
  await t.throwsAsync(pass([span("a", "new")]), refused(3));
  t.is(await pass([span("a", "1")]), "ok", "it is there already");
  const goes = (({ key }: PuntId) => key === "gone") as never;
  t.is(await pass([span("a", "new")], undefined, goes), "ok");
  await t.throwsAsync(pass([span("a", "new"), span("a", "newer")], undefined, goes), refused(3));
  t.is(await pass([span("a", "new"), span("a", "new")], undefined, goes), "ok");
  t.is(await pass([span("a", "new"), span("a", "new"), span("a", "1")], undefined, goes), "ok");
  // A request under way counts until its change has ended.
  let end = () => {};
  const first = pass([span("a", "new")], () => new Promise<void>((resolve) => (end = resolve)), goes);
  await new Promise((resolve) => void setImmediate(resolve));
  await t.throwsAsync(pass([span("a", "newer")], undefined, goes), refused(3));
  end();
  await first;
  t.is(await pass([span("a", "newer")], undefined, goes), "ok");
  await t.throwsAsync(
    pass([span("a", "new")], () => Promise.reject(new Error("no")), goes),
    { message: "no" },
  );
  t.is(await pass([span("a", "newer")], undefined, goes), "ok");
  t.true(asked.every((each) => each === "list"));
});

test("a count has the request that ends while the punts are listed, and each rule counts its own CNFs", async (t) => {
  const answers: (() => void)[] = [];
  const list = () => new Promise((resolve) => void answers.push(() => resolve([])));
  const slow = play({ rules: [ruleOf({ cnfs: ["a"], count: 1 })], more: { punts: { list } } });
  let end = () => {};
  const first = slow.gate.pass([span("a", "1")], slow.scopeOf(), nobody, () => new Promise<void>((go) => (end = go)));
  await new Promise(setImmediate);
  answers[0]!();
  await new Promise(setImmediate);
  const second = slow.gate.pass([span("a", "2")], slow.scopeOf(), nobody, async () => t.fail());
  await new Promise(setImmediate);
  end();
  await first;
  answers[1]!();
  await t.throwsAsync(second, { code: "ERR_POLICY", message: /have 1 punts, and 1 are allowed/ });
  const two = play({ rules: [ruleOf({ cnfs: ["b"], count: 2 }), ruleOf({ cnfs: ["a"] })] });
  const requests = [span("b", "1"), span("a"), span("b", "2")];
  t.is(await two.gate.pass(requests, two.scopeOf(), nobody, async () => "ok"), "ok");
});

test("names are looked up where a rule is about them", async (t) => {
  const interfaces = [{ written: "eth0", name: "eth0", isDependency: false }];
  const rules = [ruleOf({ interfaces: ["eth0"], vrfs: [5] })];
  const right = play({ rules, found: { interfaces, vrfs: [5], isVppThere: true } });
  await right.gate.pass([span("a")], right.scopeOf(), nobody, async () => {});
  t.deepEqual(right.asked, ["names"]);
  await right.gate.pass([span("a"), span("b"), span("c")], right.scopeOf(), nobody, async () => {});
  t.deepEqual(right.asked.slice(1), ["names", "more names", "more names"], "VPP's interfaces are read once for a call");
  const wrong = play({ rules, found: { interfaces, vrfs: [6], isVppThere: true } });
  await t.throwsAsync(
    wrong.gate.pass([span("a")], wrong.scopeOf(), nobody, async () => {}),
    {
      ...{ code: "ERR_POLICY", message: /rule "r" \(vrfs\): VRF 6 is not among 5$/ },
    },
  );
});

test("a socket's path is the daemon's own choice, or a path that a rule allows", async (t) => {
  const { gate, scopeOf } = play();
  const request = (socketPath: string) =>
    parseRequest({
      cnf: "a",
      type: "PUNT_TO_SOCKET",
      toHost: { af: "IPV4", protocol: "UDP", port: 5 },
      socketPath,
    } as never);
  const pass = (each: PuntRequest) => gate.pass([each], scopeOf(), nobody, async () => "ok");
  t.is(await pass(request(puntSocketPath(OWNER, FOLDER, JSON.stringify(["a", "", ""])))), "ok");
  await t.throwsAsync(pass(request(puntSocketPath(OWNER, FOLDER, JSON.stringify(["b", "", ""])))), {
    message: /socketPaths/,
  });
});

test("a namespace is the caller's own by its process, by a descriptor that it has handed over, or by StoneWork's word", async (t) => {
  const tap = (netns: object) => span("a", "", { interconnect: "TAP", netns });
  const isOwn = async (netns: object, caller: Caller) => {
    const { gate, scopeOf } = play({ caller });
    return gate
      .pass([tap(netns)], scopeOf(), nobody, async () => true)
      .catch(({ message }) => {
        t.regex(message, /\(netns\)/);
        return false;
      });
  };
  const own = { ...CALLER, pid: process.pid } as Caller;
  t.true(await isOwn({ path: "/run/netns-of/a" }, CALLER));
  t.false(await isOwn({ path: "/run/netns-of/b" }, CALLER));
  t.true(await isOwn({ pid: process.pid }, own));
  t.true(await isOwn({ pid: process.pid }, { ...own, isAlive: () => true } as Caller));
  t.false(await isOwn({ pid: process.pid }, { ...own, isAlive: () => false } as Caller));
  t.false(await isOwn({ pid: process.pid }, CALLER), "its process is not known");
  t.false(await isOwn({ pid: 4_000_000 }, own));
  t.false(await isOwn({ pid: 4_000_000 }, { ...own, pid: 4_000_001 } as Caller));
  t.false(await isOwn({ path: `/proc/${process.pid}/ns/net` }, own));
  t.false(await isOwn({ pid: process.pid }, { kind: "tls", names: [] }));
  t.true(await isOwn({ pid: 1 }, { kind: "stonework", address: "10.0.0.1" }));
});

test("a wait has its options, and none that the manager would not know", (t) => {
  t.deepEqual(waitOf(undefined, "punt.add"), {});
  t.deepEqual(waitOf({ forCreated: false, timeoutMs: 0 }, "punt.add"), {});
  t.deepEqual(waitOf({ forCreated: true, timeoutMs: 5 }, "punt.add"), { waitFor: "CREATED", timeout: 5 });
  t.deepEqual(waitOf({ forCreated: false, timeoutMs: 2 ** 31 - 1 }, "punt.add"), { timeout: 2 ** 31 - 1 });
  const error = t.throws<PuntError>(() => waitOf({ forCreated: true, timeoutMs: 2 ** 31 }, "punt.add"), {
    ...{ code: "ERR_OPTION", message: "punt.add: wait.timeoutMs must be below 2^31" },
  });
  t.deepEqual(error.details, { option: "wait.timeoutMs" });
});

test("a caller sees its own labels, and no name of another CNF unless it wrote the name itself", (t) => {
  const names = new PuntNames();
  for (const each of [id("u7.dns"), id("u8.ntp"), id("u8.bgp")]) names.add(each);
  const view = new View(new Rights(CALLER, [ruleOf({ cnfs: ["u7.*"] })], "u7."), names);
  t.is(view.label(""), "");
  t.deepEqual(view.id({ cnf: "dns", key: "k" }), { cnf: "u7.dns", key: "k" });
  t.deepEqual(view.idOut(id("u7.dns", "k")), id("dns", "k"));
  t.deepEqual(view.idOut(id("u8.ntp")), id("u8.ntp"));
  t.deepEqual([view.sees(id("u7.x")), view.sees(id("u8.ntp"))], [true, false]);
  t.is(view.text("punt u7.dns and punt u8.ntp"), "punt dns and a punt of another CNF");
  t.is(view.text("it is taken by punt u8.ntp."), "it is taken by a punt of another CNF.");
  t.is(view.text("u8.ntp-: no"), "a punt of another CNF-: no");
  const details = { own: id("u7.dns"), other: id("u8.ntp"), port: 5, none: null, list: ["a"] };
  const error = view.error(new PuntError("punt.add", "ERR_CONFLICT", "punt u8.ntp has it", details));
  t.like(error, { op: "punt.add", code: "ERR_CONFLICT", message: "punt.add: a punt of another CNF has it" });
  t.deepEqual(error.details, { own: id("dns"), port: 5, none: null, list: ["a"] });
  const flat = new View(new Rights(CALLER, [ruleOf({ cnfs: ["dns"] })]), names);
  t.is(flat.label("u8.ntp"), "u8.ntp");
  t.is(flat.text("punt u8.ntp and punt u8.bgp"), "punt u8.ntp and a punt of another CNF");
  t.deepEqual(flat.idOut(id("u7.dns")), id("u7.dns"));
  const operator = new View(new Rights(CALLER, [ruleOf({ operator: true })]), names);
  const whole = new PuntError("punt.add", "ERR_CONFLICT", "punt u8.ntp has it", details);
  t.is(operator.error(whole), whole);
  t.is(operator.text("punt u8.ntp"), "punt u8.ntp");
});

test("a status and an event have the caller's labels; secrets are for callers who may change the punt", (t) => {
  const attachment = { kind: "memif", socket: "/run/m.sock", id: 1, secret: "word" };
  const request = span("u7.dns");
  const failure = { item: "x", code: "X", message: "punt u7.dns is not made", attempts: 1 };
  const status = {
    ...{ id: idOf(request), request, state: "FAILED", missing: [], reasons: [], failure },
    metadata: { id: idOf(request), interconnects: [{ attachment }] },
  } as unknown as PuntStatus;
  const names = new PuntNames();
  const seen = new View(new Rights(CALLER, [ruleOf({ cnfs: ["u7.*"] })], "u7."), names).status(status);
  t.deepEqual([seen.id.cnf, seen.request.cnf, seen.metadata.id.cnf], ["dns", "dns", "dns"]);
  t.is(seen.failure!.message, "punt dns is not made");
  t.deepEqual(seen.metadata.interconnects[0]!.attachment, attachment as never);
  const looker = new View(new Rights(CALLER, [ruleOf({ cnfs: ["u7.*"], readOnly: true })], "u7."), names);
  t.deepEqual(looker.status(status).metadata.interconnects[0]!.attachment, { ...attachment, secret: "" } as never);
  const { failure: _failure, ...fine } = status;
  t.false("failure" in looker.status(fine as PuntStatus));
  const event = { id: status.id, from: undefined, to: "FAILED", cause: "for punt u7.dns", status } as const;
  const out = looker.event(event as never);
  t.deepEqual([out.id.cnf, out.cause, out.status.id.cnf, out.to], ["dns", "for punt dns", "dns", "FAILED"]);
});

test("the audit log has what was allowed, refused or failed, and why", async (t) => {
  const { scopeOf, entries, asked, logged } = play();
  const call = async (body: () => unknown) => {
    const scope = scopeOf();
    scope.punts = [id("a")];
    scope.rule = "r";
    await judged(scope, body).catch((error) => error);
    return { scope, entry: entries.at(-1)! };
  };
  const common = { caller: "unix uid 2001 gid 5", call: "Add", punts: [id("a")] };
  t.deepEqual((await call(async () => 5)).entry, { ...common, decision: "allowed", rule: "r" });
  t.deepEqual(asked, ["unix uid 2001 gid 5"]);
  const failed = await call(() => Promise.reject(new PuntError("punt.add", "ERR_X", "no")));
  t.deepEqual(failed.entry, { ...common, decision: "failed", rule: "r", code: "ERR_X", message: "punt.add: no" });
  const objections = [{ rule: "r", field: "cnfs", message: "no" }];
  const refused = await call(() => Promise.reject(new PuntError("punt.add", "ERR_POLICY", "no", { objections })));
  t.deepEqual(refused.entry, {
    ...common,
    decision: "refused",
    objections,
    code: "ERR_POLICY",
    message: "punt.add: no",
  });
  const plain = await call(() => Promise.reject(new PuntError("punt.add", "ERR_POLICY", "no")));
  t.deepEqual(plain.entry.objections, []);
  t.deepEqual((await call(() => Promise.reject(new Error("fault")))).entry, {
    ...common,
    decision: "failed",
    rule: "r",
  });
  const scope = scopeOf();
  scope.subject = "the keys";
  scope.record();
  t.deepEqual(entries.at(-1), { ...common, punts: [], decision: "allowed", rule: undefined, message: "the keys" });
  const fault = new TypeError("x");
  const out = scope.errorOut(fault);
  t.deepEqual([out.code, out.rawMessage], [Code.Internal, "a fault in the daemon; its log has more"]);
  t.deepEqual(logged, [[{ err: fault, call: "Add" }, "a call failed of a fault in the daemon"]]);
  const ready = new ConnectError("x", Code.Aborted);
  t.is(scope.errorOut(ready), ready);
});

test("a caller without a rule is refused before anything is done", async (t) => {
  const { scopeOf, entries } = play({ rules: [] });
  const error = await t.throwsAsync<PuntError>(judged(scopeOf(), () => t.fail("it is refused")));
  t.is(error!.message, "punt.add: the policy has no rule for unix uid 2001 gid 5");
  t.like(entries[0], { decision: "refused", code: "ERR_POLICY" });
});

test("a punt of another CNF looks like none to its caller, and is a refusal in the audit log", async (t) => {
  const status = { id: id("b") };
  const punts = { get: async ({ cnf }: PuntId) => (cnf === "none" ? undefined : { id: id(cnf) }) };
  const { scopeOf, entries } = play({ rules: [ruleOf({ cnfs: ["a"] })], more: { punts } });
  const scope = scopeOf("punt.get");
  t.deepEqual(await scope.requireVisible(id("a")), { id: id("a") } as never);
  const errors = [];
  for (const cnf of ["none", status.id.cnf])
    errors.push((await t.throwsAsync<PuntError>(scope.requireVisible(id(cnf))))!);
  for (const error of errors) t.like(error, { op: "punt.get", code: "ERR_NO_SUCH_PUNT" });
  t.is(errors[0]!.message.replace("none", "b"), errors[1]!.message);
  scope.record(errors[1]);
  t.like(entries[0], { decision: "refused", code: "ERR_NO_SUCH_PUNT" });
  t.deepEqual(entries[0]!.objections, [{ rule: "r", field: "cnfs", message: "b is not the caller's" }]);
});

test("a change of a punt that this daemon's copy lacks is passed on to the daemon that acts", async (t) => {
  const { scopeOf } = play({ rules: [ruleOf({ cnfs: ["a"] })], more: { punts: { get: async () => undefined } } });
  await t.notThrowsAsync(scopeOf("punt.delete").requireNotHidden(id("a")));
  await t.throwsAsync(scopeOf("punt.delete").requireNotHidden(id("b")), { code: "ERR_NO_SUCH_PUNT" });
  await t.throwsAsync(scopeOf("punt.get").requireVisible(id("a")), { code: "ERR_NO_SUCH_PUNT" });
});

test("another host is for operators of a daemon with etcd", (t) => {
  const other = { get: async () => undefined };
  const hosts = { of: (host: string, by: string) => Object.assign(other, { host, by }) };
  const more = { hosts, cluster: () => ({ host: "here" }) };
  const operator = play({ rules: [ruleOf({ operator: true, hosts: ["h*"] })], more });
  const scope = operator.scopeOf("punt.list");
  for (const own of ["", "here"]) scope.enter(own);
  t.deepEqual([scope.host, scope.elsewhere, scope.rule], [undefined, undefined, undefined]);
  t.is(scope.target, operator.parts.punts);
  scope.enter("h2");
  t.deepEqual([scope.host, scope.rule], ["h2", "r"]);
  t.is(scope.target as unknown, other);
  t.like(other, { host: "h2", by: "unix uid 2001 gid 5" });
  scope.record();
  t.is(operator.entries[0]!.host, "h2");
  t.throws(() => operator.scopeOf().enter("x"), { code: "ERR_POLICY" });
  t.like(
    t.throws<PuntError>(() => operator.scopeOf().enter("h".repeat(256)), { code: "ERR_OPTION" }),
    { details: { option: "host" }, message: "punt.add: the label of a host is too long" },
  );
  operator.scopeOf().enter("h".repeat(255));
  const looker = play({ rules: [ruleOf({ operator: true, readOnly: true })], more });
  looker.scopeOf("punt.list").enter("h2");
  for (const op of ["punt.add", "punt.update", "punt.apply", "punt.delete"])
    t.throws(() => looker.scopeOf(op).enter("h2"), { code: "ERR_POLICY" }, op);
  const without = play({ rules: [ruleOf({ operator: true })] });
  t.throws(() => without.scopeOf().enter("h2"), { code: "ERR_UNSUPPORTED", message: /keeps its punts in a file/ });
});

test("requests for another host pass without a look at this daemon's VPP", async (t) => {
  const more = { hosts: { of: () => ({}) } };
  const { gate, scopeOf, asked } = play({ rules: [ruleOf({ operator: true, vrfs: [1], count: 0 })], more });
  const scope = scopeOf();
  scope.enter("h2");
  t.is(await gate.pass([span("a")], scope, nobody, async () => "done"), "done");
  t.deepEqual([asked, scope.punts], [[], [id("a")]]);
});

test("rights are renewed where the rules are others", (t) => {
  let rules = [ruleOf({ cnfs: ["a"] })];
  const policy = { rightsOf: () => new Rights(CALLER, rules) };
  const scope = play({ more: { policy } }).scopeOf();
  const before = scope.view;
  rules = [ruleOf({ cnfs: ["a"] })];
  t.false(scope.renew());
  t.is(scope.view, before);
  rules = [ruleOf({ cnfs: ["b"] })];
  t.true(scope.renew());
  t.deepEqual([scope.view.sees(id("a")), scope.view.sees(id("b"))], [false, true]);
});

test("an interface is resolved by VPP's name with the VRFs of both families; an interface that is only awaited has none", async (t) => {
  const known = new Map([
    ["wan", { name: "eth0", swIfIndex: 3 }],
    ["tun0", { name: "tun0", swIfIndex: 4 }],
  ]);
  let refreshes = 0;
  const table = {
    refresh: () => (refreshes++ === 0 ? Promise.resolve() : Promise.reject(new Error("VPP is away"))),
    isConnected: true,
    find: (name: string) => known.get(name),
  };
  const asked: unknown[] = [];
  let failures = 1;
  const vpp = {
    async call(name: string, fields: { sw_if_index: number; is_ipv6: boolean }) {
      asked.push([name, fields]);
      if (failures-- > 0) throw new PuntError("vpp.call", "VPP_INVALID_SW_IF_INDEX", "gone");
      return { vrf_id: fields.is_ipv6 ? 6 : 4 };
    },
  };
  const resolver = new Resolver(table as never, vpp as never);
  const dependsOn = [
    { kind: "interface", name: "tun0" },
    { kind: "container", name: "container:web" },
  ];
  const request = span("a", "", { vppInterface: "wan", dependsOn });
  t.deepEqual(await resolver.resolve(request), {
    interfaces: [
      { written: "wan", name: "eth0", isDependency: false },
      { written: "tun0", name: "tun0", isDependency: true },
    ],
    vrfs: [4, 6],
    isVppThere: true,
  });
  t.deepEqual(asked.slice(-2), [
    ["sw_interface_get_table", { sw_if_index: 3, is_ipv6: false }],
    ["sw_interface_get_table", { sw_if_index: 3, is_ipv6: true }],
  ]);
  t.deepEqual((await resolver.resolve(span("a"))).interfaces, [
    { written: "eth0", name: undefined, isDependency: false },
  ]);
  let calls = 0;
  vpp.call = async () => {
    calls++;
    throw new PuntError("vpp.call", "ERR_X", "no");
  };
  await t.throwsAsync(resolver.resolve(request), { code: "ERR_X" });
  t.is(calls, 2, "for both families, and not again");
  const count = refreshes;
  const plain = parseRequest({
    cnf: "a",
    type: "PUNT_TO_SOCKET",
    toHost: { af: "IPV4", protocol: "UDP", port: 5 },
    socketPath: "/a",
  } as never);
  t.is(await resolver.resolve(plain), NOTHING);
  t.is(refreshes, count);
});
