// The statuses that etcd has: they answer the wishes as these are now, and go with their punts.
import test from "ava";
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

withEtcd("etcd has the statuses of a daemon that has answered", async (t) => {
  const members = await Members.start(t);
  const operator = await members.operator();
  await hasRole(await members.join(), "leader");
  const { id } = await operator.add(span("monitor"), { waitFor: "CREATED" });
  t.is((await operator.get(id))?.state, "CREATED");
  await operator.delete(id);
  t.deepEqual(await operator.list(), []);
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
