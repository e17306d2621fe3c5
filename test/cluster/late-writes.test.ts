// Writes that a daemon has given up, and that etcd makes later all the same: they undo nothing that was written after them.
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { Keys } from "../../lib/cluster/keys.js";
import type { Leadership } from "../../lib/cluster/leadership.js";
import { ClientName } from "../../lib/cluster/same-vpp.js";
import { bareStatus, StatusWriter } from "../../lib/cluster/status.js";
import type { PuntStatus } from "../../lib/punt/index.js";
import { LateEtcd } from "../support/etcd/late.js";

const keys = new Keys("/vpp-punt", "h1");
const id = { cnf: "dns", key: "item", label: "one" };

/** An etcd with a leader, and that leader. */
function leading(): { late: LateEtcd; leadership: Leadership } {
  const late = new LateEtcd();
  late.put(keys.leader, "{}");
  const condition = { key: keys.leader, created: late.at(keys.leader)!.created };
  return { late, leadership: { isGood: true, daemon: "daemon-1", lease: "7", condition } as unknown as Leadership };
}

function statusOf(state: PuntStatus["state"]): PuntStatus {
  return { ...bareStatus(id, undefined), state };
}

test("a name that etcd writes late does not replace a later name", async (t) => {
  const { late, leadership } = leading();
  const name = new ClientName(late.etcd, keys, leadership);
  t.teardown(() => name.close());
  name.set("punts:old");
  while (!late.late) await sleep(1);
  name.set("punts:new");
  while (!late.at(keys.client)) await sleep(5);
  t.is(late.late(), undefined);
  t.deepEqual(JSON.parse(late.at(keys.client)!.value), { name: "punts:new", daemon: "daemon-1" });
});

test("a status that etcd writes late does not replace an equal status from before", async (t) => {
  const { late, leadership } = leading();
  const key = keys.punt("status", id);
  const created = JSON.stringify({ status: statusOf("CREATED"), wish: 1, at: "2026-01-01" });
  late.put(key, created);
  const statuses = new StatusWriter(late.etcd, keys, leadership, () => {});
  t.teardown(() => statuses.close());
  statuses.put(statusOf("PENDING"), 1);
  while (!late.late) await sleep(1);
  statuses.put(statusOf("CREATED"), 1);
  while (!late.at(keys.statuses)) await sleep(5);
  t.is(late.late(), undefined);
  t.is(late.at(key)!.value, created);
});

test("a status that etcd writes late does not bring a deleted punt back", async (t) => {
  const { late, leadership } = leading();
  const statuses = new StatusWriter(late.etcd, keys, leadership, () => {});
  t.teardown(() => statuses.close());
  statuses.put(statusOf("PENDING"), 1);
  while (!late.late) await sleep(1);
  statuses.delete(id);
  while (!late.at(keys.statuses)) await sleep(5);
  t.is(late.late(), undefined);
  t.is(late.at(keys.punt("status", id)), undefined);
});

test("a status that etcd writes late for an earlier term does not replace an equal status that the next one finds", async (t) => {
  const { late, leadership } = leading();
  const key = keys.punt("status", id);
  const created = JSON.stringify({ status: statusOf("CREATED"), wish: 1, at: "2026-01-01" });
  late.put(key, created);
  const earlier = new StatusWriter(late.etcd, keys, leadership, () => {});
  earlier.put(statusOf("PENDING"), 1);
  while (!late.late) await sleep(1);
  await earlier.close();
  const next = new StatusWriter(late.etcd, keys, leadership, () => {});
  t.teardown(() => next.close());
  next.put(statusOf("CREATED"), 1);
  next.start();
  while (!late.at(keys.statuses)) await sleep(5);
  t.is(late.late(), undefined);
  t.is(late.at(key)!.value, created);
});

test("a status that comes while the lease is overdue is written when the lease is renewed", async (t) => {
  const { late, leadership } = leading();
  const lease = leadership as unknown as { isGood: boolean };
  const statuses = new StatusWriter(late.etcd, keys, leadership, () => {});
  t.teardown(() => statuses.close());
  lease.isGood = false;
  statuses.put(statusOf("CREATED"), 1);
  await sleep(100);
  t.is(late.late, undefined);
  lease.isGood = true;
  while (!late.at(keys.punt("status", id))) await sleep(5);
  t.regex(late.at(keys.punt("status", id))!.value, /"state":"CREATED"/);
});

test("statuses that etcd has lost are written again once etcd was read again", async (t) => {
  const { late, leadership } = leading();
  const key = keys.punt("status", id);
  const statuses = new StatusWriter(late.etcd, keys, leadership, () => {});
  t.teardown(() => statuses.close());
  statuses.put(statusOf("INIT"), 1);
  while (!late.at(key)) await sleep(5);
  const earlier = late.at(key)!.value;
  statuses.put(statusOf("CREATED"), 1);
  while (late.at(key)!.value === earlier) await sleep(5);
  late.put(key, earlier);
  statuses.lookAgain();
  while (late.at(key)!.value === earlier) await sleep(5);
  t.regex(late.at(key)!.value, /"state":"CREATED"/);
});
