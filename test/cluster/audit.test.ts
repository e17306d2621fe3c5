// The audit log of the daemon that acts: what reached it by etcd, who asked for it, through which daemon, and the outcome.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { ask } from "../../lib/cluster/asker.js";
import { Etcd } from "../../lib/cluster/etcd/index.js";
import { Keys } from "../../lib/cluster/keys.js";
import { Daemon } from "../../lib/daemon/index.js";
import { PuntError } from "../../lib/errors.js";
import { connectPunts } from "../../lib/module/index.js";
import { EmulatedHost } from "../../lib/punt/index.js";
import { eventually, Members, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const { test } = need("etcd", "etcdctl");

interface Line {
  readonly caller: string;
  readonly through?: string;
  readonly call: string;
  readonly decision: string;
  readonly code?: string;
  readonly punts: readonly { readonly cnf: string }[];
}

/** Starts a daemon. Its log is `<name>.log`. */
async function start(t: ExecutionContext, { directory, vpp, etcd }: Members, host: string, name: string) {
  const [socket, audit] = [join(directory, name, "manager.sock"), join(directory, `${name}.log`)];
  const daemon = await Daemon.start({
    ...{ socket, audit, vppSocket: vpp.apiSocket, socketDirectory: join(directory, "sockets") },
    etcd: { endpoints: etcd.url, host, name, lease: 10 },
    manager: { host: new EmulatedHost(vpp), owner: host, memifDirectory: join(directory, `memif-${host}`) },
  });
  t.teardown(() => daemon.close());
  const lines = () =>
    readFileSync(audit, "utf8")
      .split("\n")
      .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Line]))
      .filter(({ call }) => call !== "Info");
  const connect = async (options: object = {}) => {
    const punts = await connectPunts({ socket, ...options });
    t.teardown(() => punts.close());
    return punts;
  };
  const role = async () => {
    await using punts = await connectPunts({ socket });
    return (await punts.info()).cluster?.role;
  };
  return { lines, connect, role };
}

const CALLER = `unix uid ${process.getuid!()} gid ${process.getgid!()}`;

test("a change that another host's daemon passed on has a line on the host that made it", async (t) => {
  const members = await Members.start(t);
  const there = await start(t, members, "h1", "there");
  const here = await start(t, members, "h0", "here");
  await eventually(async () => (await there.role()) === "leader" && (await here.role()) === "leader");
  const far = await here.connect({ host: "h1" });
  const id = { cnf: "fw", key: "", label: "" };
  await far.add(span("fw"), { waitFor: "CREATED" });
  await t.throwsAsync<PuntError>(far.add(span("fw", { vppInterface: "eth1" })), { code: "ERR_PUNT_EXISTS" });
  await far.update(span("fw", { vppInterface: "eth1" }));
  await far.plan({ delete: [{ cnf: "fw" }] });
  await far.apply({ cnf: "fw", punts: [] });
  // A daemon writes its log beside its answers.
  await eventually(() => there.lines().length === 5 && here.lines().length === 5);
  const asked = { caller: CALLER, through: "daemon here of host h0", punts: [id] };
  const lines = there.lines();
  t.is(lines.length, 5);
  for (const [index, call] of ["Add", "Add", "Update", "Plan", "Apply"].entries())
    t.like(lines[index], { ...asked, call, decision: index === 1 ? "failed" : "allowed" });
  t.is(lines[1]!.code, "ERR_PUNT_EXISTS");
  t.deepEqual(
    here.lines().map(({ call, decision }) => `${call} ${decision}`),
    ["Add allowed", "Add failed", "Update allowed", "Plan allowed", "Apply allowed"],
  );
});

test("a daemon that passes a change on to its host's leader names the caller, in the log and in the wish", async (t) => {
  const members = await Members.start(t);
  const first = await start(t, members, "h1", "first");
  await eventually(async () => (await first.role()) === "leader");
  const second = await start(t, members, "h1", "second");
  await eventually(async () => (await second.role()) === "standby");
  await (await second.connect()).add(span("fw"), { waitFor: "CREATED" });
  await (await first.connect()).add(span("dns"), { waitFor: "CREATED" });
  await eventually(() => first.lines().length > 0);
  t.like(first.lines()[0], { caller: CALLER, through: "daemon second of host h1", call: "Add", decision: "allowed" });
  for (const cnf of ["fw", "dns"]) {
    const wish = JSON.parse(members.etcd.ctl("get", `/vpp-punt/wanted/h1/${cnf}//`, "--print-value-only"));
    t.is(wish.by, CALLER);
  }
});

test("questions in etcd that are none are answered and have a line, and the daemon goes on", async (t) => {
  const members = await Members.start(t);
  const daemon = await start(t, members, "h1", "one");
  await eventually(async () => (await daemon.role()) === "leader");
  const etcd = await Etcd.open({ endpoints: members.etcd.url });
  t.teardown(() => etcd.close());
  const how = { asker: { by: "an operator" }, longest: 10_000 };
  const asking = (question: unknown) => ask(etcd, new Keys("/vpp-punt", "h1"), question as never, how);
  const bad = [
    ...[
      { call: "add", request: null },
      { call: "delete", id: {} },
      { call: "plan", change: { add: [null] } },
    ],
    ...[{ call: "apply", set: { punts: 5 } }, { call: "explainFrames" }, { call: "explain", id: { cnf: [] } }],
  ];
  for (const question of bad)
    await t.throwsAsync(asking(question), { code: "ERR_ETCD_CONTENT", message: /a question/ });
  for (const question of [5, [], {}, { call: "fly" }]) await t.throwsAsync(asking(question), { instanceOf: PuntError });
  await eventually(() => daemon.lines().length === bad.length + 4);
  for (const line of daemon.lines())
    t.like(line, { caller: "an operator", call: "Unknown", decision: "failed", punts: [] });
  await (await daemon.connect()).add(span("fw"), { waitFor: "CREATED" });
});

test("what an operator does in etcd, and the end of a session, have lines too, and a daemon's own changes one each", async (t) => {
  const members = await Members.start(t);
  const daemon = await start(t, members, "h1", "one");
  await eventually(async () => (await daemon.role()) === "leader");
  const operator = await members.operator();
  await operator.add(span("fw"), { waitFor: "CREATED" });
  members.etcd.ctl("del", "/vpp-punt/wanted/h1/fw//");
  await eventually(async () => (await operator.list()).length === 0);
  await eventually(() => daemon.lines().length === 2);
  const session = await connectPunts({
    socket: join(members.directory, "one", "manager.sock"),
    session: { cnf: "dns", grace: 0 },
  });
  await session.add(span("dns"), { waitFor: "CREATED" });
  await session.close();
  await eventually(() => daemon.lines().some(({ caller }) => caller.startsWith("the session of CNF dns")));
  const own = await daemon.connect();
  await own.add(span("own"), { waitFor: "CREATED" });
  await own.delete({ cnf: "own" });
  await eventually(() => daemon.lines().length === 7);
  const told = daemon
    .lines()
    .map(({ caller, through = "itself", call, decision, punts: [punt] }) =>
      [caller, through, call, decision, punt?.cnf].join(", "),
    );
  t.deepEqual(told, [
    "an operator, etcd, Add, allowed, fw",
    "unknown, etcd, Delete, allowed, fw",
    `${CALLER}, itself, Session, allowed, `,
    `${CALLER}, itself, Add, allowed, dns`,
    "the session of CNF dns, which has ended, itself, Delete, allowed, dns",
    `${CALLER}, itself, Add, allowed, own`,
    `${CALLER}, itself, Delete, allowed, own`,
  ]);
});
