// Listeners of a daemon's punts that throw: the change of the lead goes on.
import { eventually, hasRole, Members, span } from "../support/etcd/members.js";
import { uncaughtDuring } from "../support/machine/uncaught.js";
import { need } from "../support/need.js";

need("etcd", "etcdctl").test.serial(
  "a daemon whose listeners throw loses the lead, gets it again, and acts",
  async (t) => {
    const members = await Members.start(t);
    const daemon = await members.join();
    await hasRole(daemon, "leader");
    for (const name of ["role", "punt", "pass"] as const)
      daemon.on(name, () => {
        throw new Error(name);
      });
    const caught = await uncaughtDuring(async () => {
      await daemon.add(span("before"), { waitFor: "CREATED" });
      await members.etcd.kill();
      await eventually(() => daemon.role === "cut-off");
      await members.etcd.run();
      await eventually(() => daemon.role === "leader");
      const { id } = await daemon.add(span("after"), { waitFor: "CREATED" });
      const updated = await daemon.update(span("after", { direction: "rx" }), { waitFor: "CREATED" });
      t.is(updated.state, "CREATED");
      await daemon.delete(id);
      daemon.removeAllListeners();
    });
    const messages = caught.map((error) => (error as Error).message);
    t.deepEqual([...new Set(messages)].sort(), ["pass", "punt", "role"]);
    t.deepEqual(
      daemon.list().map(({ id }) => id.cnf),
      ["before"],
    );
  },
);
