// Daemons of one host elect the daemon that acts, on a real etcd.
import type { PuntError } from "../../lib/errors.js";
import { cli } from "../support/cli/command.js";
import { eventually, hasRole, Members, socketPunt, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

// One after the other: each test has daemons whose leases a busy machine could let expire.
const withEtcd = need("etcd", "etcdctl").test.serial;

withEtcd("one daemon acts; another takes over at once when it is closed, and VPP keeps its objects", async (t) => {
  const members = await Members.start(t);
  const first = await members.join();
  await hasRole(first, "leader");
  const status = await first.add(span("dns"), { waitFor: "CREATED" });
  const second = await members.join();
  await hasRole(second, "standby");
  await eventually(() => second.get(status.id)?.state === "CREATED");
  t.deepEqual(second.list()[0]!.metadata, first.list()[0]!.metadata);
  const before = await members.interfaces();
  await first.close();
  await hasRole(second, "leader");
  await eventually(() => second.get(status.id)?.state === "CREATED");
  t.deepEqual(await members.interfaces(), before);
  const added = await second.add(socketPunt("radius", 1812, members.directory), { waitFor: "CREATED" });
  t.is(added.state, "CREATED");
});

withEtcd("a standby passes changes on; an operator lists, plans, adds and deletes by etcd alone", async (t) => {
  const members = await Members.start(t);
  const first = await members.join();
  await hasRole(first, "leader");
  const second = await members.join();
  await hasRole(second, "standby");
  const status = await second.add(span("dns"), { waitFor: "CREATED" });
  t.is(status.state, "CREATED");
  const operator = await members.operator();
  const { steps } = await operator.plan({ add: [socketPunt("radius", 1812, members.directory)] });
  t.true(steps.some(({ action }) => action === "create"));
  await operator.add(socketPunt("radius", 1812, members.directory), { waitFor: "CREATED" });
  await eventually(async () => (await operator.list()).every(({ state }) => state === "CREATED"));
  t.deepEqual(
    (await operator.list()).map(({ id }) => id.cnf),
    ["dns", "radius"],
  );
  const again = span("dns", { direction: "rx" });
  await t.throwsAsync(operator.add(again), { code: "ERR_PUNT_EXISTS" });
  await operator.delete(status.id);
  t.is(first.get(status.id), undefined);
  await t.throwsAsync(operator.delete(status.id), { code: "ERR_NO_SUCH_PUNT" });
});

withEtcd("a daemon that does not act knows the changes that it has passed on", async (t) => {
  const members = await Members.start(t);
  await hasRole(await members.join(), "leader");
  const standby = await members.join();
  await hasRole(standby, "standby");
  for (let turn = 0; turn < 5; turn++) {
    const { id } = await standby.add(span("dns"), { waitFor: "CREATED" });
    t.is(standby.get(id)?.id.cnf, "dns");
    await standby.update(span("dns", { direction: "rx" }));
    const { request } = standby.get(id)!;
    t.is("direction" in request ? request.direction : undefined, "rx");
    await standby.delete(id);
    t.is(standby.get(id), undefined);
  }
  await standby.apply({ cnf: "fw", punts: [span("fw", { key: "a" }), span("fw", { key: "b" })] });
  t.is(standby.list().length, 2);
});

withEtcd("etcd with an older history stops a daemon, until an operator decides", async (t) => {
  const members = await Members.start(t);
  const daemon = await members.join();
  await hasRole(daemon, "leader");
  members.etcd.snapshot(`${members.directory}/snapshot`);
  const { id } = await daemon.add(span("dns"), { waitFor: "CREATED" });
  const before = await members.interfaces();
  await members.etcd.restore(`${members.directory}/snapshot`);
  await hasRole(daemon, "halted");
  const refused = (await t.throwsAsync(daemon.delete(id))) as PuntError;
  t.is(refused.code, "ERR_ETCD_HISTORY");
  t.is(daemon.get(id)?.id.cnf, "dns");
  t.deepEqual(await members.interfaces(), before);
  const flags = ["--etcd", members.etcd.url, "--host", "h1"];
  const resumed = await cli(["resume", ...flags, "--keep", "daemon"]);
  t.is(resumed.stdout, "h1 goes on with the punts of its daemon\n", resumed.stderr);
  await hasRole(daemon, "leader");
  await eventually(() => daemon.get(id)?.state === "CREATED");
  t.deepEqual(await members.interfaces(), before);
});

withEtcd("a wish in etcd that cannot be read is named and changes nothing", async (t) => {
  const members = await Members.start(t);
  const daemon = await members.join();
  await hasRole(daemon, "leader");
  const { id } = await daemon.add(span("dns"), { waitFor: "CREATED" });
  members.etcd.ctl("put", "/vpp-punt/wanted/h1/dns//", "garbage");
  await eventually(() => members.problems.some(({ code }) => code === "ERR_ETCD_CONTENT"));
  t.is(daemon.get(id)?.state, "CREATED");
  members.etcd.ctl("put", "/vpp-punt/state/h1/punts/x/y/z", "garbage");
  const other = socketPunt("radius", 1812, members.directory);
  await daemon.add(other, { waitFor: "CREATED" });
  t.regex(members.etcd.ctl("get", "/vpp-punt/state/h1/punts/x/y/z"), /garbage/);
});
