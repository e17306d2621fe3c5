// The sessions of CNFs as etcd keeps them.
import type { ExecutionContext } from "ava";
import type { ClusterPunts } from "../../lib/cluster/index.js";
import { type StoredSession, sessionsInEtcd } from "../../lib/daemon/session-memory.js";
import { hasRole, Members } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const { test: withEtcd } = need("etcd", "etcdctl");
const EARLIER = "/vpp-punt/state/h1/kept/sessions";

const punt = (cnf: string, key = "") => ({ cnf, key, label: "" });
const session = (cnf: string, ...keys: readonly string[]): StoredSession => ({
  ...{ id: `of ${cnf}`, cnf, graceMs: 1_000 },
  punts: keys.map((key) => punt(cnf, key)),
});

/** Sessions in the order of their names, as the next daemon has them. */
async function read(punts: ClusterPunts): Promise<StoredSession[]> {
  const found = (await sessionsInEtcd(punts.kept).load()) ?? [];
  const sorted = found.map((each) => ({ ...each, punts: [...each.punts].sort((a, b) => (a.key < b.key ? -1 : 1)) }));
  return sorted.sort((a, b) => (a.cnf < b.cnf ? -1 : 1));
}

async function leading(t: ExecutionContext) {
  const members = await Members.start(t);
  const punts = await members.join();
  await hasRole(punts, "leader");
  const next = async () => {
    await punts.close();
    const other = await members.join();
    await hasRole(other, "leader");
    return other;
  };
  return { members, punts, next };
}

withEtcd("sessions that no one value of etcd could hold are kept, and the next daemon has them", async (t) => {
  const { punts, next } = await leading(t);
  const memory = sessionsInEtcd(punts.kept);
  await memory.load();
  const keys = Array.from({ length: 900 }, (_, at) => `${1_000 + at}${"x".repeat(2_000)}`);
  const sessions = [session("big", ...keys), session("small", "only")];
  await memory.save(sessions);
  t.deepEqual(await read(await next()), sessions);
});

withEtcd("a change of one session writes its own punts only", async (t) => {
  const { members, punts, next } = await leading(t);
  const memory = sessionsInEtcd(punts.kept);
  await memory.load();
  await memory.save([session("dns", "a", "b"), session("ntp", "a")]);
  const at = () => {
    const found = members.etcd.ctl("get", "--prefix", "/vpp-punt/state/h1/kept/bound/", "-w", "json");
    const { kvs } = JSON.parse(found) as { kvs: { key: string; mod_revision: number }[] };
    return new Map(kvs.map(({ key, mod_revision }) => [Buffer.from(key, "base64").toString(), mod_revision]));
  };
  const before = at();
  const sessions = [session("dns", "b", "c"), session("ntp", "a")];
  await memory.save(sessions);
  const written = [...at()].filter(([key, revision]) => before.get(key) !== revision);
  t.deepEqual(
    written.map(([key]) => key),
    ["/vpp-punt/state/h1/kept/bound/dns/c/"],
  );
  t.deepEqual(await read(await next()), sessions);
});

withEtcd("the one value of an earlier version counts where it is there, and is replaced", async (t) => {
  const { members, punts, next } = await leading(t);
  const memory = sessionsInEtcd(punts.kept);
  await memory.load();
  await memory.save([session("gone", "a")]);
  members.etcd.ctl("put", EARLIER, JSON.stringify([session("dns", "a", "b")]));
  const second = await next();
  t.deepEqual(await read(second), [session("dns", "a", "b")]);
  await sessionsInEtcd(second.kept).save([session("dns", "a"), session("ntp", "a")]);
  t.is(members.etcd.ctl("get", "--prefix", EARLIER), "");
  t.deepEqual(await read(second), [session("dns", "a"), session("ntp", "a")]);
});
