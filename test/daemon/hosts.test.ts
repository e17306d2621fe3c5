// The punts of other hosts, asked for at a daemon: who may, and what it says while etcd is away.
import { readFileSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import type { ExecutionContext } from "ava";
import { Etcd } from "../../lib/cluster/index.js";
import { Daemon } from "../../lib/daemon/index.js";
import type { PuntError } from "../../lib/errors.js";
import { type ConnectOptions, connectPunts } from "../../lib/module/index.js";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { EmulatedHost } from "../../lib/punt/index.js";
import { Punts } from "../../lib/wire/index.js";
import { daemonTest, type Someone } from "../support/daemon/daemon.js";
import { eventually, Members, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const { test } = need("etcd", "etcdctl");

const POLICY = `rules:
  - { name: root, match: { uid: 0 }, operator: true }
  - { name: viewers, match: { uid: 2003 }, operator: true, readOnly: true }
  - { name: neighbours, match: { uid: 2004 }, operator: true, hosts: h1 }
  - { name: resolver, match: { uid: 2002 }, cnfs: dns }
`;

/** A daemon of host h0, and the punts of host h1. */
async function start(t: ExecutionContext) {
  const members = await Members.start(t);
  const there = await members.join();
  const { directory, vpp, etcd } = members;
  const [policy, audit] = [join(directory, "policy.yaml"), join(directory, "audit.log")];
  writeFileSync(policy, POLICY);
  let someone: Someone = { pid: 0, uid: 0, gid: 0 };
  const daemon = await Daemon.start({
    ...{ socket: join(directory, "h0.sock"), vppSocket: vpp.apiSocket, socketDirectory: join(directory, "sockets") },
    ...{ policy, audit, credentials: () => someone },
    etcd: { endpoints: etcd.url, host: "h0", name: "here", lease: 10 },
    manager: { host: new EmulatedHost(vpp), owner: "h0", memifDirectory: join(directory, "memif-h0") },
  });
  t.teardown(() => daemon.close());
  const connect = async (uid: number, options: ConnectOptions = {}) => {
    someone = { pid: 0, uid, gid: 5000 };
    const punts = await connectPunts({ socket: join(directory, "h0.sock"), ...options });
    t.teardown(() => punts.close());
    await punts.info();
    return punts;
  };
  const root = await connect(0);
  await eventually(async () => (await root.info()).cluster?.role === "leader" && there.role === "leader");
  const lines = () =>
    readFileSync(audit, "utf8")
      .split("\n")
      .flatMap((line) => (line ? JSON.parse(line) : []));
  return { members, connect, there, etcd, lines, root, directory };
}

test("an operator adds, watches, plans, updates and deletes punts of another host", async (t) => {
  const { connect, there, root, lines } = await start(t);
  const far = await connect(0, { host: "h1" });
  t.is((await far.add(span("fw"), { waitFor: "CREATED" })).state, "CREATED");
  t.deepEqual(
    there.list().map(({ id }) => id.cnf),
    ["fw"],
  );
  t.deepEqual([await root.list(), (await far.list()).length], [[], 1]);
  const events = far.watch()[Symbol.asyncIterator]();
  t.is((await events.next()).value?.kind, "snapshot");
  await far.update(span("fw", { vppInterface: "eth1" }), { waitFor: "CREATED" });
  t.is((await events.next()).value?.kind, "change");
  await events.return?.();
  t.true((await far.plan({ delete: [{ cnf: "fw" }] })).steps.some(({ action }) => action === "delete"));
  t.deepEqual((await far.apply({ cnf: "fw", punts: [] })).deleted, [{ cnf: "fw", key: "", label: "" }]);
  t.deepEqual(there.list(), []);
  t.deepEqual(
    (await root.hosts()).map(({ host, daemon }) => `${host} ${daemon}`),
    ["h0 here", "h1 daemon-1"],
  );
  // The daemon's own host may be named.
  await (await connect(0, { host: "h0" })).add(span("own"));
  t.is((await root.list()).length, 1);
  const added = () => lines().find(({ call, host }) => call === "Add" && host === "h1");
  await eventually(added);
  t.like(added(), { decision: "allowed", rule: "root", punts: [{ cnf: "fw", key: "", label: "" }] });
  const attached = (async () => far.attach({ cnf: "fw" }))();
  await t.throwsAsync<PuntError>(attached, { code: "ERR_UNSUPPORTED", message: /a daemon of host h1/ });
  await t.throwsAsync<PuntError>(far.delete({ cnf: "fw" }), { code: "ERR_NO_SUCH_PUNT" });
  await t.throwsAsync<PuntError>(connectPunts({ host: "h1", session: { cnf: "fw" } }), { code: "ERR_OPTION" });
});

test("another host's daemon explains its punts and frames, and counts their packets", async (t) => {
  const { members, root, directory } = await start(t);
  const vpp = await members.otherVpp();
  const [socket, socketDirectory] = ["h2.sock", "sockets"].map((name) => join(vpp.directory, name));
  const daemon = await Daemon.start({
    ...{ socket: socket!, socketDirectory: socketDirectory!, vppSocket: vpp.apiSocket },
    etcd: { endpoints: members.etcd.url, host: "h2", name: "far", lease: 10 },
    manager: { host: new EmulatedHost(vpp), owner: "h2", memifDirectory: join(vpp.directory, "memif") },
  });
  t.teardown(() => daemon.close());
  await eventually(async () => (await root.hosts()).some(({ daemon: name }) => name === "far"));
  await using far = new RemotePunts({ socket: join(directory, "h0.sock"), host: "h2" });
  await far.add(span("fw"), { waitFor: "CREATED" });
  const { steps, items } = await far.explain({ cnf: "fw" });
  t.true(steps.length > 0 && items.some(({ item }) => item.includes("memif")));
  await t.throwsAsync<PuntError>(far.explain({ cnf: "none" }), { code: "ERR_NO_SUCH_PUNT" });
  await far.add(span("late", { vppInterface: "eth9" }));
  const late = await far.explain({ cnf: "late" });
  t.true(
    late.steps.some(({ fact }) => fact.includes("eth0") && fact.includes("eth1")),
    "the interfaces that are there in place of eth9",
  );
  const [frame] = await far.explainFrames([new Uint8Array(60).fill(0xff)], { interface: "eth0" });
  t.deepEqual([frame!.interface, frame!.reaches.map(({ cnf }) => cnf)], ["eth0", ["fw"]]);
  const { punts } = await far.counters({ cnf: "fw" });
  t.deepEqual(
    punts.map(({ id }) => id.cnf),
    ["fw"],
  );
});

test("a dump of another host's punt is refused, and names the daemon that has the packets", async (t) => {
  const { there, directory, connect } = await start(t);
  await there.add(span("fw"));
  await connect(0);
  const agent = new Agent({ keepAlive: false });
  t.teardown(() => agent.destroy());
  const nodeOptions = { socketPath: join(directory, "h0.sock"), agent };
  const transport = createConnectTransport({ baseUrl: "http://localhost", httpVersion: "1.1", nodeOptions });
  const client = createClient(Punts, transport);
  const dumped = async () => {
    for await (const _ of client.dump({ id: { cnf: "fw" }, host: "h1" }));
  };
  await t.throwsAsync(dumped, {
    message: /packets of host h1 are shown by a daemon there: daemon-1, at \/run\/daemon-1.sock/,
  });
  const explained = client.explain({ id: { cnf: "fw" }, host: "h2" });
  await t.throwsAsync(explained, { message: /no punt fw/ });
});

test("other hosts are for operators, within their rules: refusals name the rule, and nothing is done", async (t) => {
  const { connect, there, lines } = await start(t);
  const cases: [uid: number, host: string, isSeen: boolean, field: RegExp][] = [
    [2002, "h1", false, /rule "resolver" \(operator\): host h1 is for operators/],
    [2003, "h1", true, /rule "viewers" \(readOnly\)/],
    [2004, "h2", false, /rule "neighbours" \(hosts\): host h2 is not among h1/],
    [2009, "h1", false, /no rule for unix uid 2009/],
  ];
  for (const [uid, host, isSeen, message] of cases) {
    const punts = await connect(uid, { host }).catch(() => undefined);
    if (!punts) continue;
    const refused = { code: "ERR_POLICY", message };
    await t.throwsAsync<PuntError>(punts.add(span("dns")), refused);
    await t.throwsAsync<PuntError>(punts.update(span("dns")), refused);
    await t.throwsAsync<PuntError>(punts.delete({ cnf: "dns" }), refused);
    await t.throwsAsync<PuntError>(punts.apply({ cnf: "dns", punts: [] }), refused);
    const looks = [
      async () => punts.list(),
      async () => punts.plan(),
      async () => punts.get({ cnf: "dns" }),
      async () => punts.watch()[Symbol.asyncIterator]().next(),
    ];
    for (const look of looks) await (isSeen ? t.notThrowsAsync(look) : t.throwsAsync<PuntError>(look, refused));
  }
  t.deepEqual(there.list(), []);
  await eventually(() =>
    lines().some(({ call, decision, host }) => call === "Add" && decision === "refused" && host === "h1"),
  );
  const near = await connect(2004, { host: "h1" });
  await near.add(span("dns"));
  t.is(there.list().length, 1);
});

test("the list of one host costs the same, however many hosts there are", async (t) => {
  const { connect, etcd } = await start(t);
  const writer = await Etcd.open({ endpoints: etcd.url });
  t.teardown(() => writer.close());
  const value = JSON.stringify({ request: span("dns"), by: "a test" });
  const numbers = Array.from({ length: 28 }, (_, index) => index + 2);
  await writer.write(
    [],
    numbers.map((number) => ({ key: `/vpp-punt/wanted/h${number}/dns//`, value })),
  );
  const ranges = async () => {
    const text = await (await fetch(`${etcd.url}/metrics`)).text();
    return Number(/grpc_server_handled_total\{grpc_code="OK",grpc_method="Range".* (\d+)/.exec(text)?.[1]);
  };
  for (const host of ["h1", "h7"]) {
    const far = await connect(0, { host });
    await far.list();
    // Daemons that look after their own in the meantime only add to the count.
    const costs: number[] = [];
    for (let round = 0; round < 5; round++) {
      const before = await ranges();
      t.is((await far.list()).length, host === "h1" ? 0 : 1);
      costs.push((await ranges()) - before);
    }
    t.true(Math.min(...costs) < 10, costs.join());
  }
  const unknown = await connect(0, { host: "h99" });
  const refused = { code: "ERR_NO_SUCH_HOST", message: /it has h0, h1, h10/ };
  await t.throwsAsync<PuntError>(async () => unknown.list(), refused);
});

test("while etcd is away, a call about another host says so", async (t) => {
  const { connect, etcd } = await start(t);
  const far = await connect(0, { host: "h1" });
  await etcd.kill();
  await t.throwsAsync<PuntError>(async () => far.list(), { code: "ERR_ETCD_AWAY" });
  await t.throwsAsync<PuntError>(far.add(span("fw")), { code: "ERR_ETCD_AWAY" });
  await t.throwsAsync<PuntError>(far.hosts(), { code: "ERR_ETCD_AWAY" });
});

test("a daemon without etcd reaches no other host, and says so", async (t) => {
  const { socket, connect } = await daemonTest(t);
  await connect();
  const far = await connectPunts({ socket, host: "h1" });
  t.teardown(() => far.close());
  await t.throwsAsync<PuntError>(async () => far.list(), {
    code: "ERR_UNSUPPORTED",
    message: /keeps its punts in a file/,
  });
  await t.throwsAsync<PuntError>(far.hosts(), { code: "ERR_UNSUPPORTED" });
});
