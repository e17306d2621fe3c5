// Deletions by way of etcd that a hanging VPP holds up, or that no daemon makes: the caller waits no longer than it says, and a list tells.
import type { PuntError } from "../../lib/errors.js";
import type { PuntStatus } from "../../lib/punt/index.js";
import { eventually, hasRole, Members, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const withEtcd = need("etcd", "etcdctl").test.serial;

withEtcd("an operator, and a daemon that passes it on, wait for a deletion no longer than the timeout", async (t) => {
  const members = await Members.start(t);
  const acting = await members.join();
  await hasRole(acting, "leader");
  const standby = await members.join();
  await hasRole(standby, "standby");
  const operator = await members.operator();
  await operator.apply({ cnf: "fw", punts: [span("fw"), span("fw", { key: "more", vppInterface: "eth1" })] });
  const action = { kind: "lose-request" } as const;
  members.vpp.faults.add({ message: "sw_interface_span_enable_disable", action, times: Number.POSITIVE_INFINITY });
  for (const [punts, key] of [
    [operator, "more"],
    [standby, ""],
  ] as const) {
    const late = { code: "ETIMEDOUT", message: /^punt\.delete: punt fw.* is not deleted after 100 ms/ };
    await t.throwsAsync(punts.delete({ cnf: "fw", key }, { timeout: 100 }), late);
    await t.throwsAsync(punts.delete({ cnf: "fw", key }, { timeout: -1 }), { code: "ERR_OPTION" });
  }
  for (const punts of [operator, standby]) {
    const { deleted, failed } = await punts.apply({ cnf: "fw", punts: [] }, { timeout: 100 });
    t.deepEqual(deleted, []);
    for (const { error } of failed) t.like(error as PuntError, { op: "punt.apply", code: "ETIMEDOUT" });
    t.true(failed.length > 0);
  }
  members.vpp.faults.clear();
  await members.vpp.restart();
});

withEtcd("a list says that a deletion waits for a daemon", async (t) => {
  const members = await Members.start(t);
  const daemon = await members.join();
  await hasRole(daemon, "leader");
  const operator = await members.operator();
  await operator.add(span("fw"), { waitFor: "CREATED" });
  await daemon.close();
  await operator.delete({ cnf: "fw" });
  const [{ state, missing }, ...others] = (await operator.list()) as [PuntStatus];
  t.is(state, "PENDING");
  t.is(missing[0]!.text, "a daemon that acts for the host, to delete it");
  t.deepEqual(others, []);
  await members.join();
  await eventually(async () => (await operator.list()).length === 0);
});
