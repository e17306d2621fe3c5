// Wishes that the acting daemon has refused: they can be ended, and are not granted afterwards.
import { eventually, hasRole, Members, socketPunt, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const withEtcd = need("etcd", "etcdctl").test.serial;

const hairpin = (cnf: string, more: object = {}) =>
  ({
    type: "HAIRPIN_XCONNECT",
    cnf,
    interconnect: "MEMIF",
    vppInterface1: "eth0",
    vppInterface2: "eth1",
    ...more,
  }) as const;

for (const way of ["delete", "apply"] as const)
  withEtcd(`${way} ends a wish that was refused`, async (t) => {
    const members = await Members.start(t);
    const operator = await members.operator();
    // Both wishes are accepted while no daemon acts. The daemon refuses the second one.
    const { id: first } = await operator.add(hairpin("first"));
    const { id } = await operator.add(hairpin("second"));
    const daemon = await members.join();
    await hasRole(daemon, "leader");
    const wish = () => members.etcd.ctl("get", "--prefix", "/vpp-punt/wanted/h1/second").trim();
    await eventually(async () => (await operator.get(id))?.failure?.code === "ERR_CONFLICT");
    t.not(wish(), "");
    if (way === "delete") await operator.delete(id);
    else t.deepEqual((await operator.apply({ cnf: "second", punts: [] })).deleted, [id]);
    t.is(wish(), "");
    await eventually(async () => (await operator.get(id)) === undefined);
    await daemon.delete(first);
    // With the conflict over, nothing brings it back.
    const { id: third } = await daemon.add(span("third"), { waitFor: "CREATED" });
    t.deepEqual(
      daemon.list().map((status) => status.id),
      [third],
    );
  });

withEtcd("a wait for a wish ends with the daemon's refusal, and the wish stays", async (t) => {
  const members = await Members.start(t);
  const operator = await members.operator();
  await operator.add(hairpin("first"));
  const waiting = t.throwsAsync(operator.add(hairpin("second"), { waitFor: "CREATED" }), { code: "ERR_CONFLICT" });
  await eventually(() => operator.get({ cnf: "second" }));
  await members.join();
  await waiting;
  t.is((await operator.get({ cnf: "second" }))?.state, "FAILED");
});

withEtcd("a refused change is FAILED beside the punt that stays, and succeeds once its conflict is over", async (t) => {
  const members = await Members.start(t);
  const operator = await members.operator();
  const port = (cnf: string, number: number) => socketPunt(cnf, number, members.directory);
  const acted = await members.join();
  await hasRole(acted, "leader");
  await acted.add(port("first", 53), { waitFor: "CREATED" });
  await acted.add(port("second", 54), { waitFor: "CREATED" });
  await acted.close();
  const changing = t.throwsAsync(operator.update(port("second", 53), { waitFor: "CREATED" }), {
    code: "ERR_CONFLICT",
  });
  await eventually(async () => (await operator.get({ cnf: "second" }))?.state === "PENDING");
  const daemon = await members.join();
  await changing;
  const told = async () =>
    t.like(await operator.get({ cnf: "second" }), { state: "FAILED", request: port("second", 53) });
  await told();
  t.like(daemon.get({ cnf: "second" }), { state: "CREATED", request: port("second", 54) });
  // Events of the punt that stays do not hide that.
  const states: Record<string, string[]> = { first: [], second: [], later: [] };
  daemon.on("punt", ({ id, to }) => void states[id.cnf]!.push(to));
  const isBack = (cnf: string) => states[cnf]!.length > 1 && states[cnf]!.at(-1) === "CREATED";
  await members.vpp.restart();
  await eventually(() => isBack("first") && isBack("second"));
  // A later status reaches etcd after theirs.
  await daemon.add(span("later"), { waitFor: "CREATED" });
  await eventually(async () => (await operator.get({ cnf: "later" }))?.state === "CREATED");
  await told();
  await daemon.delete({ cnf: "first" });
  await eventually(async () => (await operator.get({ cnf: "second" }))?.state === "CREATED");
  t.like(daemon.get({ cnf: "second" }), { state: "CREATED", request: port("second", 53) });
});

withEtcd("a daemon passes on no change while no daemon acts: it would not hear of a refusal", async (t) => {
  const members = await Members.start(t);
  const [, id = ""] = /lease (\w+) granted/.exec(members.etcd.ctl("lease", "grant", "60"))!;
  // The term before is not over as long as its lease.
  const term = JSON.stringify({ lease: BigInt(`0x${id}`).toString(), daemon: "earlier" });
  members.etcd.ctl("put", "/vpp-punt/state/h1/term", term);
  const daemon = await members.join();
  await hasRole(daemon, "standby");
  const request = hairpin("fw");
  for (const change of [
    () => daemon.add(request),
    () => daemon.update(request),
    () => daemon.delete({ cnf: "fw" }),
    () => daemon.apply({ cnf: "fw", punts: [request] }),
  ])
    await t.throwsAsync(change, { code: "ERR_NOT_LEADER" });
  t.is(members.etcd.ctl("get", "--prefix", "/vpp-punt/wanted/h1").trim(), "");
  members.etcd.ctl("lease", "revoke", id);
  await hasRole(daemon, "leader");
  await daemon.add(request, { waitFor: "CREATED" });
});
