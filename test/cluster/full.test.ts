// An etcd that has no room left.
import { setTimeout as sleep } from "node:timers/promises";
import { Etcd } from "../../lib/cluster/index.js";
import { hasRole, Members, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const { test: withEtcd } = need("etcd", "etcdctl");

withEtcd("a change for which etcd has no room is refused at once, and the daemon goes on", async (t) => {
  const members = await Members.start(t, { args: ["--quota-backend-bytes", `${2 << 20}`] });
  const punts = await members.join();
  await hasRole(punts, "leader");
  await punts.add(span("kept"), { waitFor: "CREATED" });
  const filler = await Etcd.open({ endpoints: members.etcd.url });
  t.teardown(() => filler.close());
  const fill = async () => {
    for (let at = 0; ; at++) await filler.write([], [{ key: `/fill/${at}`, value: "x".repeat(500_000) }]);
  };
  await t.throwsAsync(fill, { code: "ERR_ETCD", message: /space exceeded/ });
  let calls = 0;
  punts.on("etcd", () => calls++);
  const refused = punts.add(span("refused"));
  await t.throwsAsync(refused, { code: "ERR_ETCD", message: /space exceeded/ });
  await sleep(1_000);
  // Leases are renewed, and the statuses tried again.
  t.true(calls < 30, `${calls} calls`);
  t.is(punts.role, "leader");
  t.deepEqual(
    punts.list().map(({ id }) => id.cnf),
    ["kept"],
  );
});
