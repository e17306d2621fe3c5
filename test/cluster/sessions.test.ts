// Sessions of CNFs where several daemons serve one host: only the daemon that acts has them.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ExecutionContext } from "ava";
import { Daemon } from "../../lib/daemon/index.js";
import { connectPunts, openPunt } from "../../lib/module/index.js";
import { EmulatedHost, RETURN_TIME_MS } from "../../lib/punt/index.js";
import { eventually, Members, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const { test } = need("etcd", "etcdctl");

/** Starts a daemon with a socket of its own. */
async function start(t: ExecutionContext, { directory, vpp, etcd }: Members, name: string) {
  const socket = join(directory, name, "manager.sock");
  const daemon = await Daemon.start({
    ...{ socket, vppSocket: vpp.apiSocket, socketDirectory: join(directory, "sockets") },
    etcd: { endpoints: etcd.url, host: "h1", name, lease: 10 },
    manager: { host: new EmulatedHost(vpp), memifDirectory: join(directory, "memif"), resyncInterval: 500 },
  });
  t.teardown(() => daemon.close());
  const operator = await connectPunts({ socket });
  t.teardown(() => operator.close());
  const hasRole = (role: string) => eventually(async () => (await operator.info()).cluster?.role === role);
  return { daemon, socket, operator, hasRole };
}

test("a daemon that starts beside the acting daemon leaves that daemon's sessions alone", async (t) => {
  const members = await Members.start(t);
  const first = await start(t, members, "first");
  await first.hasRole("leader");
  const cnf = await connectPunts({ socket: first.socket, session: { cnf: "fw", grace: 0 } });
  t.teardown(() => cnf.close());
  await cnf.add(span("fw"), { waitFor: "CREATED" });
  const second = await start(t, members, "second");
  await second.hasRole("standby");
  await sleep(RETURN_TIME_MS + 1_000);
  t.is((await first.operator.list()).length, 1, "the session's punt is there");
  await cnf.close();
  await eventually(async () => (await first.operator.list()).length === 0);
});

for (const way of ["a standby", "etcd"] as const)
  test(`what an operator asks for through ${way} leaves the session that it was in`, async (t) => {
    const members = await Members.start(t);
    const first = await start(t, members, "first");
    await first.hasRole("leader");
    const second = await start(t, members, "second");
    await second.hasRole("standby");
    const operator = way === "etcd" ? await members.operator() : second.operator;
    const cnf = await connectPunts({ socket: first.socket, session: { cnf: "fw", grace: 0 } });
    t.teardown(() => cnf.close());
    const punt = (key: string, vppInterface = "eth0") => span("fw", { key, vppInterface });
    const keys = ["again", "applied", "other", "updated"];
    await cnf.apply({ punts: [...keys.map((key) => punt(key)), punt("late", "absent")] }, { keep: true });
    await operator.delete({ cnf: "fw", key: "again" });
    await operator.add(punt("again"));
    await operator.apply({ punts: [punt("applied")] }, { keep: true });
    // The manager has this one, and goes on.
    await t.throwsAsync(operator.add(punt("late", "absent"), { waitFor: "CREATED", timeout: 50 }), {
      code: "ETIMEDOUT",
    });
    await t.throwsAsync(operator.add(punt("other", "eth1")), { code: "ERR_PUNT_EXISTS" });
    await operator.update(span("fw", { key: "updated", direction: "rx" }));
    await cnf.close();
    const left = async () => (await first.operator.list()).map(({ id }) => id.key).sort();
    await eventually(async () => (await left()).every((key) => key !== "updated" && key !== "other"));
    t.deepEqual(await left(), ["again", "applied", "late"]);
  });

test("a daemon that does not act opens no session, and a CNF there gets its punt once that daemon acts", async (t) => {
  const members = await Members.start(t);
  const first = await start(t, members, "first");
  await first.hasRole("leader");
  const second = await start(t, members, "second");
  await second.hasRole("standby");
  const session = await connectPunts({ socket: second.socket, session: { cnf: "fw", grace: 0 } });
  const refused = await t.throwsAsync(session.add(span("fw")), { code: "ERR_NOT_LEADER" });
  t.regex(refused!.message, /does not act for host h1: first does/);
  await session.close();
  const options = { socket: second.socket, lifetime: "session" } as const;
  const cnf = await openPunt({ ...span("fw") }, options);
  t.teardown(() => cnf.close());
  t.is(cnf.status.state, "waiting");
  t.deepEqual(await first.operator.list(), []);
  await first.daemon.close();
  t.is((await cnf.ready()).state, "ready");
});
