// An etcd that has no room left.
import { setTimeout as sleep } from "node:timers/promises";
import { Etcd } from "../../lib/cluster/index.js";
import type { PuntError } from "../../lib/errors.js";
import { EtcdServer } from "../support/etcd/etcd.js";
import { hasRole, Members, span } from "../support/etcd/members.js";
import { EtcdWire } from "../support/etcd/wire.js";
import { need } from "../support/need.js";

const { test: withEtcd } = need("etcd", "etcdctl");

/** The arguments of an etcd with little room. */
const SMALL = ["--quota-backend-bytes", `${2 << 20}`];

async function fill(etcd: Etcd): Promise<never> {
  for (let at = 0; ; at++) await etcd.write([], [{ key: `/fill/${at}`, value: "x".repeat(500_000) }]);
}

withEtcd("a change for which etcd has no room is refused at once, and the daemon goes on", async (t) => {
  const members = await Members.start(t, { args: SMALL });
  const punts = await members.join();
  await hasRole(punts, "leader");
  await punts.add(span("kept"), { waitFor: "CREATED" });
  const filler = await Etcd.open({ endpoints: members.etcd.url, timeout: 20_000 });
  t.teardown(() => filler.close());
  await t.throwsAsync(fill(filler), { code: "ERR_ETCD", message: /space exceeded/ });
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

withEtcd("etcd says that it is full until an operator disarms it", async (t) => {
  const server = await EtcdServer.start(t, { args: SMALL });
  const etcd = await Etcd.open({ endpoints: server.url });
  t.teardown(() => etcd.close());
  t.false(await etcd.isFull());
  await t.throwsAsync(fill(etcd), { code: "ERR_ETCD" });
  t.true(await etcd.isFull());
  server.ctl("alarm", "disarm");
  t.false(await etcd.isFull());
});

withEtcd("a refusal for want of room says how to make some, and closes no connection: watches go on", async (t) => {
  const { url } = await EtcdServer.start(t, { args: SMALL });
  const wire = await EtcdWire.open(t, url);
  const etcd = await Etcd.open({ endpoints: wire.url, timeout: 20_000 });
  t.teardown(() => etcd.close());
  const { details } = (await t.throwsAsync<PuntError>(fill(etcd), { code: "ERR_ETCD" }))!;
  t.regex(String(details.remedy), /alarm disarm/);
  const { opened } = wire;
  for (let turn = 0; turn < 5; turn++) await t.throwsAsync(fill(etcd), { code: "ERR_ETCD" });
  t.is(wire.opened, opened);
});
