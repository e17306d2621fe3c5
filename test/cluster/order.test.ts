// Changes that are asked for without waiting in between are made in the order of the calls, by whatever way through etcd they come.
import { hasRole, Members, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

need("etcd", "etcdctl").test.serial(
  "a delete follows the addition, and another addition follows the delete",
  async (t) => {
    const members = await Members.start(t);
    const leader = await members.join();
    await hasRole(leader, "leader");
    const standby = await members.join();
    await hasRole(standby, "standby");
    for (const punts of [leader, standby, await members.operator()])
      for (const key of ["x", "y", "z"]) {
        const id = { cnf: "dns", key };
        const earlier = [punts.add(span("dns", { key })), punts.delete(id)];
        const last = punts.add(span("dns", { key, direction: "rx" }), { waitFor: "CREATED" });
        await Promise.allSettled(earlier);
        t.is((await last).state, "CREATED");
        t.like((await punts.get(id))!.request, { direction: "rx" });
        await Promise.all([
          punts.update(span("dns", { key, direction: "tx" })),
          punts.apply({ cnf: "dns", punts: [] }),
        ]).catch(() => {});
        t.is(leader.get(id), undefined);
      }
  },
);

need("etcd", "etcdctl").test.serial("so it is with wishes, while no daemon acts", async (t) => {
  const members = await Members.start(t);
  const operator = await members.operator();
  for (const key of ["x", "y", "z"]) {
    const calls = [operator.add(span("dns", { key })), operator.delete({ cnf: "dns", key })];
    await Promise.all(
      [...calls, operator.add(span("dns", { key, direction: "rx" }))].map((call) => call.catch(() => {})),
    );
    t.like((await operator.get({ cnf: "dns", key }))!.request, { direction: "rx" });
  }
});
