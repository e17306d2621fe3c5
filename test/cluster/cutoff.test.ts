// Daemons that lose etcd, on a real etcd.
import type { PuntError } from "../../lib/errors.js";
import { eventually, hasRole, Members, socketPunt, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const { test: withEtcd } = need("etcd", "etcdctl");

for (const how of ["stopped", "killed"] as const)
  withEtcd.serial(
    `a daemon that is cut off from etcd keeps what VPP has, and refuses changes: etcd ${how}`,
    async (t) => {
      const members = await Members.start(t);
      const daemon = await members.join();
      await hasRole(daemon, "leader");
      const { id } = await daemon.add(span("dns"), { waitFor: "CREATED" });
      const before = await members.interfaces();
      if (how === "stopped") members.etcd.stop();
      else await members.etcd.kill();
      const during = daemon.add(socketPunt("during", 68, members.directory)).catch((error: PuntError) => error);
      await hasRole(daemon, "cut-off");
      t.is(((await during) as PuntError).code, "ERR_ETCD_AWAY");
      const refused = (await t.throwsAsync(daemon.delete(id))) as PuntError;
      t.is(refused.code, "ERR_ETCD_AWAY");
      t.is(daemon.list().find((each) => each.id.cnf === "dns")?.id.cnf, "dns");
      t.deepEqual(await members.interfaces(), before);
      if (how === "stopped") members.etcd.continue();
      else await members.etcd.run();
      await hasRole(daemon, "leader");
      await eventually(() => daemon.get(id)?.state === "CREATED");
      t.deepEqual(await members.interfaces(), before);
      await daemon.add(socketPunt("radius", 1812, members.directory), { waitFor: "CREATED" });
    },
  );

withEtcd.serial("daemons go on after a compaction and a restart of etcd", async (t) => {
  const members = await Members.start(t);
  const daemon = await members.join();
  await hasRole(daemon, "leader");
  const standby = await members.join();
  await hasRole(standby, "standby");
  await daemon.add(span("dns"), { waitFor: "CREATED" });
  for (let turn = 0; turn < 20; turn++) members.etcd.ctl("put", "/vpp-punt/elsewhere", `${turn}`);
  members.etcd.compact();
  await daemon.add(socketPunt("ntp", 123, members.directory), { waitFor: "CREATED" });
  await members.etcd.kill();
  await Promise.all([hasRole(daemon, "cut-off"), hasRole(standby, "cut-off")]);
  await members.etcd.run();
  await eventually(() => daemon.role === "leader" || standby.role === "leader");
  const acting = daemon.role === "leader" ? daemon : standby;
  await acting.add(socketPunt("radius", 1812, members.directory), { waitFor: "CREATED" });
  await eventually(() => daemon.list().length === 3 && standby.list().length === 3);
  for (const each of [daemon, standby])
    t.deepEqual(
      each
        .list()
        .map(({ id }) => id.cnf)
        .sort(),
      ["dns", "ntp", "radius"],
    );
});
