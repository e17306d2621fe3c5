// The statuses that etcd has: they answer the wishes as these are now, and go with their punts.
import test from "ava";
import type { Etcd, Write } from "../../lib/cluster/etcd/index.js";
import { Keys } from "../../lib/cluster/index.js";
import type { Leadership } from "../../lib/cluster/leadership.js";
import { bareStatus, StatusWriter } from "../../lib/cluster/status.js";
import { LateEtcd } from "../support/etcd/late.js";
import { eventually, hasRole, Members, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const withEtcd = need("etcd", "etcdctl").test.serial;

withEtcd("a wish that is written again with the same request stays CREATED for an operator", async (t) => {
  const members = await Members.start(t);
  const operator = await members.operator();
  const daemon = await members.join();
  await hasRole(daemon, "leader");
  const { id } = await operator.add(span("monitor"), { waitFor: "CREATED" });
  const [key, value] = members.etcd.ctl("get", "--prefix", "/vpp-punt/wanted/h1/monitor").trim().split("\n");
  members.etcd.ctl("put", key!, value!);
  await eventually(async () => {
    const status = await operator.get(id);
    return status?.state === "CREATED" && status.missing.length === 0;
  });
  t.is((await operator.get(id))?.state, "CREATED");
});

withEtcd("a daemon that ends at once after a change has written its state", async (t) => {
  const members = await Members.start(t);
  const operator = await members.operator();
  const daemon = await members.join();
  await hasRole(daemon, "leader");
  const { id } = await daemon.add(span("monitor"), { waitFor: "CREATED" });
  await daemon.close();
  t.is((await operator.get(id))?.state, "CREATED");
});

withEtcd("who changed a punt by way of etcd, or of a standby, finds the change there at once", async (t) => {
  const members = await Members.start(t);
  const operator = await members.operator();
  await hasRole(await members.join(), "leader");
  const standby = await members.join();
  await hasRole(standby, "standby");
  for (const punts of [operator, standby])
    for (const cnf of ["a", "b", "c"]) {
      const { id } = await punts.add(span(cnf), { waitFor: "CREATED" });
      t.is((await punts.get(id))?.state, "CREATED");
      await punts.delete(id);
      t.is(await punts.get(id), undefined);
    }
});

withEtcd("a daemon without punts deletes a status that the one before has left", async (t) => {
  const members = await Members.start(t);
  const operator = await members.operator();
  const first = await members.join();
  await hasRole(first, "leader");
  const { id } = await operator.add(span("monitor"), { waitFor: "CREATED" });
  const status = () => members.etcd.ctl("get", "--prefix", "/vpp-punt/status/h1/monitor").trim();
  await eventually(status);
  const [key, value] = status().split("\n");
  await first.delete(id);
  await eventually(() => status() === "");
  await first.close();
  // As if it had been killed after it deleted the punt, and before it deleted the status.
  members.etcd.ctl("put", key!, value!);
  t.is((await operator.list()).length, 1);
  await hasRole(await members.join(), "leader");
  await eventually(() => status() === "");
  t.deepEqual(await operator.list(), []);
});

test("nothing waits for statuses while the lease is over", async (t) => {
  const late = new LateEtcd();
  const leadership = { isGood: false } as Leadership;
  const writer = new StatusWriter(late.etcd, new Keys("/vpp-punt", "h1"), leadership, (error) => t.fail(error.message));
  t.teardown(() => writer.close());
  writer.put(bareStatus({ cnf: "a", key: "", label: "" }, undefined), 1);
  await writer.written();
  await writer.written();
  t.is(late.late, undefined);
});

test("a status that is the beginning of the status in etcd is written", async (t) => {
  const late = new LateEtcd();
  const keys = new Keys("/vpp-punt", "h1");
  const leadership = { isGood: true, condition: { key: keys.leader, created: 0 }, lease: "1" } as Leadership;
  const writer = new StatusWriter(late.etcd, keys, leadership, () => {});
  t.teardown(() => writer.close());
  const id = { cnf: "a", key: "", label: "" };
  const status = bareStatus(id, undefined);
  const key = keys.punt("status", id);
  late.put(key, `${JSON.stringify({ status, wish: 12, refused: true }).slice(0, -1)},"at":""}`);
  writer.put(status, 1);
  await eventually(() => JSON.parse(late.at(key)!.value).wish === 1);
  t.like(JSON.parse(late.at(key)!.value), { wish: 1, refused: undefined });
});

test("a status that changes while the one before is being written is written too by a daemon that ends", async (t) => {
  const keys = new Keys("/vpp-punt", "h1");
  const leadership = { isGood: true, condition: { key: keys.leader, created: 0 }, lease: "1" } as Leadership;
  const written: Write[] = [];
  let isAsked = false;
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const write = async (_: unknown, writes: readonly Write[]) => {
    isAsked = true;
    await answered;
    return written.push(...writes) + 1;
  };
  const etcd = { range: async () => ({ revision: 1, entries: [] }), write } as unknown as Etcd;
  const writer = new StatusWriter(etcd, keys, leadership, (error) => t.fail(error.message));
  const status = bareStatus({ cnf: "a", key: "", label: "" }, undefined);
  writer.put(status, 1);
  await eventually(() => isAsked);
  writer.put({ ...status, state: "CREATED" }, 1);
  const closed = writer.close();
  answer();
  await closed;
  const last = written.findLast(({ key }) => key === keys.punt("status", status.id));
  t.is(JSON.parse(last!.value!).status.state, "CREATED");
});
