// A program's client of a daemon: its ends, what it learns of the daemon, and where it refuses by itself.
import { existsSync } from "node:fs";
import test from "ava";
import type { PuntError } from "../../lib/errors.js";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { daemonTest } from "../support/daemon/daemon.js";

const SOCKET = { cnf: "dns", type: "PUNT_TO_SOCKET", toHost: { af: "IPV4", protocol: "UDP", port: 53 } } as const;
const SPAN = { cnf: "fw", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" } as const;

test("the ends of a punt are opened over descriptors of the daemon, and only where the punt is there", async (t) => {
  const { connect } = await daemonTest(t);
  const punts = await connect();
  await punts.add(SOCKET, { waitFor: "CREATED" });
  await punts.add(SPAN, { waitFor: "CREATED" });
  const error = await t.throwsAsync<PuntError>(punts.attach({ cnf: "none" }), { code: "ERR_NO_SUCH_PUNT" });
  t.like(error, { op: "punt.attach", details: { id: { cnf: "none", key: "", label: "" } } });
  const refused = await t.throwsAsync<PuntError>(punts.attach({ cnf: "dns" }, { color: 1 } as never));
  t.like(refused, { op: "punt.attach", code: "ERR_OPTION" });
  using socket = await punts.attach({ cnf: "dns" });
  t.deepEqual(
    socket.ports.map((port) => port.kind === "af-unix" && port.socket.stats().connected),
    [true],
  );
  await t.throwsAsync(punts.attach({ cnf: "dns" }), { code: "EADDRINUSE" });
  using memif = await punts.attach({ cnf: "fw" }, { memif: { name: "own-end" } });
  const [port] = memif.ports;
  if (port?.kind !== "memif") return t.fail("a memif is expected");
  if (!port.memif.peer) await new Promise((resolve) => port.memif.once("up", resolve));
  t.truthy(port.memif.peer);
  t.is(port.interconnect.attachment.kind, "memif");
});

test("a program gets the descriptors that it lacks, of the kinds that it wants", async (t) => {
  const { connect } = await daemonTest(t);
  const punts = await connect();
  const { id } = await punts.add(SOCKET, { waitFor: "CREATED" });
  const kindsOf = async (request: Parameters<typeof punts.handovers.ends>[1]) => {
    const ends = await punts.handovers.ends(id, request);
    for (const { descriptor } of ends) descriptor.close();
    return ends;
  };
  const all = await kindsOf({ have: {}, packets: false });
  t.deepEqual(all.map(({ kind, interconnect }) => `${kind}/${interconnect}`).sort(), ["inject/0", "socket/0"]);
  t.true(all.every(({ identity }) => identity !== ""));
  const only = await kindsOf({ have: {}, packets: false, only: ["inject"] });
  t.deepEqual(
    only.map(({ kind }) => kind),
    ["inject"],
  );
  const have = { "inject/0": only[0]!.identity };
  t.deepEqual(await kindsOf({ have, packets: false, only: ["inject"] }), []);
  await t.throwsAsync(punts.handovers.ends({ ...id, cnf: "none" }, { have: {}, packets: false }), {
    code: "ERR_NO_SUCH_PUNT",
  });
});

test("a daemon says what it is, and more to an operator", async (t) => {
  const { connect, vpp } = await daemonTest(t);
  const operator = await (await connect()).info();
  t.like(operator, { operator: true, readOnly: false, vppConnected: true, rules: ["operators"] });
  t.is(operator.vppSocket, vpp.apiSocket);
  t.true("devices" in operator);
  t.false("cluster" in operator);
  t.false("$typeName" in operator);
  const user = await (await connect({ pid: 0, uid: 2001, gid: 2001 })).info();
  t.like(user, { operator: false, caller: "unix uid 2001 gid 2001", rules: ["space of uid 2001"] });
  t.deepEqual(
    ["vppSocket", "devices", "cluster"].filter((name) => name in user),
    [],
  );
});

test("a client of another host refuses only what has to be done there", async (t) => {
  const { connect } = await daemonTest(t);
  const far = await connect(undefined, { host: "other" });
  const calls: Record<string, () => Promise<unknown>> = {
    add: () => far.add(SPAN),
    update: () => far.update(SPAN),
    apply: () => far.apply({ cnf: "fw", punts: [SPAN] }),
    delete: () => far.delete({ cnf: "fw" }),
    get: () => far.get({ cnf: "fw" }),
    list: () => far.list(),
    plan: () => far.plan({ add: [SPAN] }),
    counters: () => far.counters(),
    explain: () => far.explain({ cnf: "fw" }),
  };
  for (const [name, call] of Object.entries(calls)) {
    const error = await t.throwsAsync<PuntError>(call(), { code: "ERR_UNSUPPORTED" }, name);
    t.regex(error!.message, /it reaches no other host/, name);
    t.is(error!.op, `punt.${name}`);
  }
  t.like(await t.throwsAsync(far.hosts(), { code: "ERR_UNSUPPORTED" }), { op: "punt.hosts" });
  t.is((await far.info()).operator, true);
});

test("a plan has the values of its steps, and the reasons of its punts", async (t) => {
  const { connect } = await daemonTest(t);
  const punts = await connect();
  await punts.add(SPAN, { waitFor: "CREATED" });
  const plan = await punts.plan({ add: [{ ...SOCKET, socketPath: "/run/dns.sock" }], delete: [{ cnf: "fw" }] });
  t.deepEqual([...new Set(plan.steps.map(({ action }) => action))].sort(), ["create", "delete"]);
  t.true(plan.steps.every(({ item, why, punts: users }) => item !== "" && why !== "" && Array.isArray(users)));
  t.true(plan.steps.some((step) => "value" in step && step.value !== undefined));
  t.deepEqual(
    plan.punts.map(({ id }) => id.cnf),
    ["dns"],
  );
});

test("a punt and a frame are explained, and a trace is an operator's", async (t) => {
  const { connect } = await daemonTest(t);
  const operator = await connect();
  await operator.add(SPAN, { waitFor: "CREATED" });
  const { steps, items, trace } = await operator.explain({ cnf: "fw" });
  t.true(steps.length > 0 && items.length > 0);
  // VPP's counters come when they are read: their step may be there.
  t.true(steps.some(({ verdict, remedy }) => verdict === "fault" && remedy.startsWith("start the CNF")));
  for (const { verdict, remedy, place } of steps) t.true(verdict === "fault" || remedy === "", place);
  t.is(trace, "");
  await t.throwsAsync(operator.explain({ cnf: "none" }), { code: "ERR_NO_SUCH_PUNT" });
  await t.throwsAsync(operator.explain({ cnf: "a b" }), { code: "ERR_INVALID_REQUEST" });
  const frames = [new Uint8Array(60).fill(0xff), new Uint8Array(64)];
  const explained = await operator.explainFrames(frames, { interface: "eth0" });
  t.deepEqual(
    explained.map(({ interface: name, reaches }) => [name, reaches.map(({ cnf }) => cnf)]),
    [
      ["eth0", ["fw"]],
      ["eth0", ["fw"]],
    ],
  );
  await t.throwsAsync(operator.explainFrames(frames, { interface: "eth7" }), { code: "ERR_NO_INTERFACE" });
  const user = await connect({ pid: 0, uid: 2001, gid: 2001 });
  await user.add({ ...SPAN, vppInterface: "eth1" }, { waitFor: "CREATED" });
  await t.throwsAsync(user.explain({ cnf: "fw" }, { traceMs: 1 }), { code: "ERR_POLICY" });
  await t.throwsAsync(user.explainFrames(frames, { interface: "eth1", trace: true }), { code: "ERR_POLICY" });
});

test("a deletion whose answer was lost is one, and one of nothing is not", async (t) => {
  const { connect } = await daemonTest(t);
  const punts = await connect();
  await t.throwsAsync(punts.delete({ cnf: "none" }), { code: "ERR_NO_SUCH_PUNT" });
  await punts.add(SPAN);
  await punts.delete({ cnf: "fw" });
  t.is(await punts.get({ cnf: "fw" }), undefined);
});

test("a closed client says so to every call, and leaves nothing open", async (t) => {
  const punts = new RemotePunts({ socket: "/tmp/vpp-punt-nowhere/manager.sock", wait: true });
  const waiting = punts.list();
  await punts[Symbol.asyncDispose]();
  await t.throwsAsync(waiting, { code: "ERR_CLOSED", message: "punt.list: the connection was closed" });
  for (const call of [() => punts.list(), () => punts.get({ cnf: "a" }), () => punts.info()])
    await t.throwsAsync(call(), { code: "ERR_CLOSED" });
  t.is(punts.session, undefined);
  t.false(existsSync("/tmp/vpp-punt-nowhere"));
});

test("each call to a daemon that is away names itself and the daemon's socket", async (t) => {
  const socket = "/tmp/vpp-punt-nowhere/manager.sock";
  await using punts = new RemotePunts({ socket });
  const id = { cnf: "fw" };
  const calls: [string, () => Promise<unknown>][] = [
    ["punt.add", () => punts.add(SPAN)],
    ["punt.update", () => punts.update(SPAN)],
    ["punt.apply", () => punts.apply({ cnf: "fw", punts: [SPAN] })],
    ["punt.delete", () => punts.delete(id)],
    ["punt.get", () => punts.get(id)],
    ["punt.list", () => punts.list()],
    ["punt.list", () => punts.listOf("other")],
    ["punt.plan", () => punts.plan({ delete: [id] })],
    ["punt.watch", () => punts.watch()[Symbol.asyncIterator]().next()],
    ["punt.counters", () => punts.counters()],
    ["punt.explain", () => punts.explain(id)],
    ["punt.explain", () => punts.explainFrames([new Uint8Array(60)], { interface: "eth0" })],
    ["punt.hosts", () => punts.hosts()],
    ["punt.info", () => punts.info()],
    ["punt.attach", () => punts.handovers.ends({ ...id, key: "", label: "" }, { have: {}, packets: false })],
    ["punt.info", () => punts.handovers.namespace("fw")],
  ];
  for (const [op, call] of calls) {
    const error = await t.throwsAsync<PuntError>(call(), { code: "ERR_DISCONNECTED" }, op);
    t.like(error, { op, message: `${op}: no daemon answers at ${socket}` });
  }
});
