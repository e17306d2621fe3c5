// Mistakes of operators: etcd emptied, a host label, a prefix or a VPP changed under punts that are there. Nothing is removed by mistake.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { obstacleOf } from "../../lib/daemon/standing.js";
import type { PuntError } from "../../lib/errors.js";
import { cli } from "../support/cli/command.js";
import { eventually, hasRole, Members, socketPunt, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const withEtcd = need("etcd", "etcdctl").test.serial;

async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "vpp-punt-state-"));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A host with one punt, whose daemon remembers etcd in a folder and has ended. */
async function left(t: ExecutionContext) {
  const members = await Members.start(t);
  const state = await folder(t);
  const daemon = await members.join({ state });
  await hasRole(daemon, "leader");
  const { id } = await daemon.add(span("dns"), { waitFor: "CREATED" });
  return { members, state, daemon, id, before: await members.interfaces() };
}

function resume(members: Members, host: string, keep: string, timeout: number) {
  const flags = ["--etcd", members.etcd.url, "--host", host, "--keep", keep, "--timeout", `${timeout}`];
  return cli(["resume", ...flags]);
}

const history = (members: Members) => members.problems.filter(({ code }: PuntError) => code === "ERR_ETCD_HISTORY");

withEtcd("etcd is emptied under a running cluster: VPP keeps all, and the daemon can fill etcd again", async (t) => {
  const { members, daemon, id, before } = await left(t);
  const standby = await members.join();
  await hasRole(standby, "standby");
  members.etcd.ctl("del", "--prefix", "/vpp-punt/");
  await eventually(() => daemon.role === "halted" || standby.role === "halted");
  await hasRole(daemon, "halted");
  t.deepEqual(await members.interfaces(), before);
  t.is(daemon.get(id)?.id.cnf, "dns");
  const resumed = await resume(members, "h1", "daemon", 20_000);
  t.is(resumed.status, 0, resumed.stderr);
  await eventually(() => [daemon, standby].some(({ role }) => role === "leader"));
  // The other daemon remembers an older state than etcd has now.
  const other = daemon.role === "leader" ? standby : daemon;
  await hasRole(other, "halted");
  t.not((await resume(members, "h1", "daemon", 1_500)).status, 0);
  const followed = await resume(members, "h1", "etcd", 20_000);
  t.is(followed.status, 0, followed.stderr);
  await hasRole(other, "standby");
  await eventually(() => [daemon, standby].every((each) => each.get(id)?.state === "CREATED"));
  t.deepEqual(await members.interfaces(), before);
});

withEtcd("a daemon that started after etcd was emptied has nothing to keep, and says so", async (t) => {
  const { members, state, daemon, id, before } = await left(t);
  await daemon.close();
  members.etcd.ctl("del", "--prefix", "/vpp-punt/");
  const again = await members.join({ state });
  await hasRole(again, "halted");
  const refused = await resume(members, "h1", "daemon", 1_500);
  t.not(refused.status, 0, refused.stdout);
  t.regex(refused.stderr, /remembers no punts/);
  t.is(again.role, "halted");
  t.deepEqual(await members.interfaces(), before);
  // etcd gets the punts from an operator.
  await (await members.operator()).add(span("dns"));
  const resumed = await resume(members, "h1", "etcd", 20_000);
  t.is(resumed.status, 0, resumed.stderr);
  await hasRole(again, "leader");
  await eventually(() => again.get(id)?.state === "CREATED");
});

withEtcd("etcd's state is kept in place of the daemon's: an object without a mark goes from VPP, too", async (t) => {
  const { members, daemon } = await left(t);
  await daemon.add(socketPunt("ike", 500, members.directory), { waitFor: "CREATED" });
  await using vpp = await Vpp.connect({ socketPath: members.vpp.apiSocket });
  const sockets = () => vpp.dumpAll("punt_socket_dump", { type: "PUNT_API_TYPE_L4" });
  t.is((await sockets()).length, 1);
  members.etcd.ctl("del", "--prefix", "/vpp-punt/");
  await hasRole(daemon, "halted");
  await (await members.operator()).add(span("web"));
  const resumed = await resume(members, "h1", "etcd", 20_000);
  t.is(resumed.status, 0, resumed.stderr);
  await hasRole(daemon, "leader");
  await eventually(async () => (await sockets()).length === 0);
  await eventually(async () => (await members.interfaces()).filter((line) => line.includes("memif")).length === 1);
  t.deepEqual(
    daemon.list().map(({ id }) => id.cnf),
    ["web"],
  );
});

for (const [what, change, said] of [
  ["another label", { host: "h2" }, /remembers host h1 .* host h2/],
  ["another prefix", { prefix: "/other" }, /remembers host h1 with the prefix \/vpp-punt.*\/other/],
] as const)
  withEtcd(`a daemon gets ${what}: VPP keeps its objects`, async (t) => {
    const { members, state, daemon, before } = await left(t);
    await daemon.close();
    const renamed = await members.join({ ...change, state });
    await hasRole(renamed, "halted");
    t.regex(history(members).at(-1)!.message, said);
    t.regex(obstacleOf(renamed.standing)!, said);
    t.deepEqual(await members.interfaces(), before);
    await renamed.close();
    // Without a memory, the objects in VPP tell.
    const forgetful = await members.join({ ...change, state: await folder(t) });
    await hasRole(forgetful, "halted");
    t.regex(history(members).at(-1)!.message, /VPP has objects of this manager that etcd does not know/);
    t.deepEqual(await members.interfaces(), before);
    await forgetful.close();
    const right = await members.join({ state });
    await hasRole(right, "leader");
    await eventually(() => right.list().every(({ state: each }) => each === "CREATED"));
    t.deepEqual(await members.interfaces(), before);
  });

withEtcd("a label is changed for good: the punts of etcd hold there, also where there are none", async (t) => {
  const { members, state, daemon } = await left(t);
  await daemon.close();
  const renamed = await members.join({ host: "h2", state });
  await hasRole(renamed, "halted");
  const resumed = await resume(members, "h2", "etcd", 20_000);
  t.is(resumed.status, 0, resumed.stderr);
  await hasRole(renamed, "leader");
  await eventually(async () => !(await members.interfaces()).some((line) => line.includes("memif")));
  t.pass();
});

withEtcd("a daemon gets another VPP: its punts are made there, and the one before is left alone", async (t) => {
  const { members, state, daemon, id, before } = await left(t);
  await daemon.close();
  const other = await members.otherVpp();
  const moved = await members.join({ state, on: other });
  await hasRole(moved, "leader");
  // Until the daemon has looked at this VPP, a punt has the state that it had on the one before.
  await eventually(async () => (await members.interfaces(other)).length === before.length);
  await eventually(() => moved.get(id)?.state === "CREATED");
  t.deepEqual(await members.interfaces(), before);
});

withEtcd("a standby that cannot read a damaged record passes changes on to the daemon that acts", async (t) => {
  const members = await Members.start(t);
  const leader = await members.join();
  await hasRole(leader, "leader");
  // By then the leader has read all records.
  await leader.add(span("first"), { waitFor: "CREATED" });
  members.etcd.ctl("put", "/vpp-punt/state/h1/claims/x", "{");
  const standby = await members.join();
  await eventually(() => members.problems.some(({ code }) => code === "ERR_ETCD_CONTENT"));
  t.regex(obstacleOf(standby.standing)!, /^cut off: .*claims\/x in etcd is not JSON/);
  const { id } = await standby.add(span("dns"), { waitFor: "CREATED" });
  t.is(leader.get(id)?.state, "CREATED");
});
