// Daemons that share a host label and have different VPPs by mistake: the daemon that does not act says so, and changes nothing.
import { setTimeout as sleep } from "node:timers/promises";
import { obstacleOf } from "../../lib/daemon/standing.js";
import type { PuntError } from "../../lib/errors.js";
import { eventually, hasRole, Members, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const withEtcd = need("etcd", "etcdctl").test.serial;

withEtcd("a daemon whose VPP is not the leader's refuses changes, and does not take over", async (t) => {
  const members = await Members.start(t);
  const first = await members.join();
  await hasRole(first, "leader");
  const { id } = await first.add(span("dns"), { waitFor: "CREATED" });
  const other = await members.otherVpp();
  const before = await members.interfaces(other);
  const second = await members.join({ on: other });
  await hasRole(second, "other-vpp");
  const said = members.problems.filter(({ code }) => code === "ERR_OTHER_VPP");
  t.deepEqual(
    said.map(({ details }) => details),
    [{ host: "h1", leader: "daemon-1", vpp: other.apiSocket }],
  );
  for (const change of [second.add(span("fw")), second.update(span("dns", { direction: "rx" })), second.delete(id)])
    t.is(((await t.throwsAsync(change)) as PuntError).code, "ERR_OTHER_VPP");
  t.regex(obstacleOf(second.standing)!, /other VPP: .* that daemon-1 manages for host h1/);
  // It still reads.
  t.is(second.get(id)?.id.cnf, "dns");
  t.is(second.standing.daemon, "daemon-1");
  await first.close();
  t.is(second.role, "other-vpp");
  t.deepEqual(await members.interfaces(other), before);
  // The right daemon takes over as ever.
  const third = await members.join();
  await hasRole(third, "leader");
  await eventually(() => third.get(id)?.state === "CREATED");
  t.deepEqual(await members.interfaces(other), before);
});

withEtcd("a daemon with another VPP stands back also if it has the name of the daemon that acts", async (t) => {
  const members = await Members.start(t);
  const first = await members.join({ name: "edge" });
  await hasRole(first, "leader");
  const second = await members.join({ name: "edge", on: await members.otherVpp() });
  await hasRole(second, "other-vpp");
  await t.throwsAsync(second.add(span("fw")), { code: "ERR_OTHER_VPP" });
});

withEtcd("daemons of one VPP keep their roles when it starts again", async (t) => {
  const members = await Members.start(t);
  const first = await members.join();
  await hasRole(first, "leader");
  const second = await members.join();
  await hasRole(second, "standby");
  const { id } = await first.add(span("dns"), { waitFor: "CREATED" });
  const nameNow = () => members.etcd.ctl("get", "/vpp-punt/leader/h1/client");
  await eventually(() => /"punts:/.test(nameNow()));
  const name = nameNow();
  const roles: string[] = [];
  second.on("role", (role) => roles.push(role));
  await members.vpp.restart();
  await eventually(() => nameNow() !== name);
  await eventually(() => second.get(id)?.state === "CREATED");
  t.deepEqual(roles, []);
  t.is(
    members.problems.find(({ code }) => code === "ERR_OTHER_VPP"),
    undefined,
  );
});

withEtcd("a daemon does not take its own old name in etcd for that of another VPP's daemon", async (t) => {
  const members = await Members.start(t);
  const only = await members.join({ lease: 4 });
  await hasRole(only, "leader");
  await only.add(span("dns"), { waitFor: "CREATED" });
  // As after a restart of VPP, while etcd takes no writes.
  members.etcd.ctl(
    "put",
    "/vpp-punt/leader/h1/client",
    JSON.stringify({ name: "punts:of-an-earlier-life", daemon: "daemon-1" }),
  );
  // Another daemon's name would count after a lease and two seconds.
  await sleep(6_000);
  t.not(only.role, "other-vpp");
  t.deepEqual(
    members.problems.filter(({ code }) => code === "ERR_OTHER_VPP"),
    [],
  );
});
