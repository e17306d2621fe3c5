// One VPP interface under two names, its tag and VPP's own: punts share an interconnect or conflict as under one name.
import test, { type ExecutionContext } from "ava";
import type { PuntManager, PuntRequestInput, PuntStatus } from "../../lib/punt/index.js";
import { indexOf } from "../support/punt/layer3.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";

const TAG = "uplink";

/** A VPP whose interface if1 has a tag. */
async function tagged(t: ExecutionContext): Promise<ManagedVpp> {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const sw_if_index = await indexOf(it.client, "if1");
  await it.client.call("sw_interface_tag_add_del", { is_add: true, sw_if_index, tag: TAG });
  await it.manager.resync();
  return it;
}

function abx(cnf: string, vppInterface: string, protocol: string): PuntRequestInput {
  return { cnf, type: "ABX", interconnect: "TAP", vppInterface, ingressAclRules: [{ protocol }] };
}

const deviceOf = ({ metadata }: PuntStatus) => metadata.interconnects[0]!.cnfInterface!.name;
const devices = (manager: PuntManager) => manager.list().map(deviceOf);

test("punts of one interface share a TAP, by its tag and by VPP's name, in another process too", async (t) => {
  const it = await tagged(t);
  const first = await it.manager.add(abx("a", TAG, "OSPF"));
  const second = await it.manager.add(abx("b", "if1", "TCP"));
  const device = deviceOf(first);
  t.is(deviceOf(second), device);
  t.is(second.metadata.interconnects[0]!.shared, true);
  t.is(second.request.type === "ABX" && second.request.vppInterface, "if1", "as its CNF asked");
  // The first act of a manager that has not looked at VPP yet.
  const manager = await it.restartManager();
  t.is(deviceOf(await manager.add(abx("c", TAG, "UDP"))), device);
  t.deepEqual(devices(manager), [device, device, device]);
  t.is((await manager.plan()).toString(), "nothing to do");
  await manager.delete({ cnf: "a" });
  await manager.delete({ cnf: "c" });
  const updated = await manager.update(abx("b", "if1", "EIGRP"));
  t.is(deviceOf(updated), device, "an update keeps the TAP that has the other name");
  await it.restartManager();
  t.deepEqual(devices(it.manager), [device]);
  t.is((await it.manager.plan()).toString(), "nothing to do");
});

test("a manager knows both names when its first call comes before its first look", async (t) => {
  const it = await tagged(t);
  const hairpin = { type: "HAIRPIN_XCONNECT", interconnect: "MEMIF" } as const;
  const manager = await it.restartManager();
  const { failed, added } = await manager.apply({ cnf: "a", punts: [abx("a", TAG, "OSPF")] });
  t.deepEqual([failed.length, added.length], [0, 1]);
  const again = await it.restartManager();
  const other = { ...hairpin, cnf: "b", vppInterface1: "if1", vppInterface2: "if2" };
  await t.throwsAsync(again.add(other), { code: "ERR_CONFLICT", message: /punt b .* and punt a / });
  t.is(again.list().length, 1, "nothing was done");
});

test("punts that exclude each other conflict at once, and both ends of a bump are two interfaces", async (t) => {
  const { manager } = await tagged(t);
  const hairpin = { type: "HAIRPIN_XCONNECT", interconnect: "MEMIF" } as const;
  await manager.add({ ...hairpin, cnf: "a", vppInterface1: TAG, vppInterface2: "if0" });
  const rival = { ...hairpin, cnf: "b", vppInterface1: "if2", vppInterface2: "if1" };
  await t.throwsAsync(manager.add(rival), { code: "ERR_CONFLICT" });
  await t.throwsAsync(manager.plan({ add: [rival] }), { code: "ERR_CONFLICT" });
  const twice = { ...hairpin, cnf: "c", vppInterface1: TAG, vppInterface2: "if1" };
  await t.throwsAsync(manager.add(twice), { code: "ERR_INVALID_REQUEST", message: /vppInterface2: .*uplink/ });
  await manager.delete({ cnf: "a" });
  const isisx = { type: "ISISX", interconnect: "MEMIF" } as const;
  await manager.add({ ...isisx, cnf: "a", vppInterface: TAG });
  await t.throwsAsync(manager.add({ ...isisx, cnf: "b", vppInterface: "if1" }), { code: "ERR_CONFLICT" });
  t.is(manager.list().length, 1);
});

test("a punt that waits for a missing interface names it once", async (t) => {
  const { manager } = await tagged(t);
  const names = (["interface", "link-up", "address"] as const).map((kind) => ({ kind, name: "if9" }));
  const punt = await manager.add({ ...abx("a", "if9", "OSPF"), dependsOn: names });
  t.deepEqual(
    punt.missing.map(({ text }) => text),
    ["VPP interface if9"],
  );
});

for (const interconnect of ["MEMIF", "TAP"] as const) {
  test(`a bump in the wire that gets its interface's other name keeps its interconnects, over a restart too (${interconnect})`, async (t) => {
    const it = await tagged(t);
    const bump = (vppInterface1: string, vppInterface2: string) =>
      ({ cnf: "a", type: "HAIRPIN_XCONNECT", interconnect, vppInterface1, vppInterface2 }) as const;
    const ends = () => it.manager.get({ cnf: "a" })!.metadata.interconnects.map(({ attachment }) => attachment);
    await it.manager.add(bump("if1", "if2"), { waitFor: "CREATED" });
    const before = ends();
    await it.manager.update(bump(TAG, "if2"), { waitFor: "CREATED" });
    t.deepEqual(ends(), before);
    if (interconnect === "TAP") {
      const sw_if_index = await indexOf(it.client, TAG);
      await it.client.call("sw_interface_set_mtu", { sw_if_index, mtu: [4000, 0, 0, 0] });
      await it.manager.resync();
      t.true(
        (await it.host.links("")).some(({ mtu }) => mtu === 4000),
        "the TAP has its interface's MTU",
      );
    }
    await it.restartManager();
    t.deepEqual(ends(), before);
    await it.manager.resync();
    t.is((await it.manager.plan()).toString(), "nothing to do");
  });
}

test("a punt whose tag goes to another interface says so while it shares the interconnect of the former one", async (t) => {
  const it = await tagged(t);
  const { manager, client } = it;
  const tag = (sw_if_index: number, is_add: boolean) =>
    client.call("sw_interface_tag_add_del", { is_add, sw_if_index, tag: TAG });
  await manager.add(abx("a", "if1", "TCP"), { waitFor: "CREATED" });
  await manager.add(abx("b", TAG, "TCP"), { waitFor: "CREATED" });
  await tag(await indexOf(client, "if1"), false);
  await manager.resync();
  t.is(manager.get({ cnf: "b" })!.missing[0]!.text, `VPP interface ${TAG}`);
  await tag(await indexOf(client, "if2"), true);
  await manager.resync();
  const { state, failure } = manager.get({ cnf: "b" })!;
  t.is(state, "FAILED");
  t.regex(failure!.message, /^uplink is another interface now than if1, whose interconnect tap-\w+ the punt has/);
  t.is(manager.get({ cnf: "a" })!.state, "CREATED");
  await manager.delete({ cnf: "b" });
  await manager.add(abx("b", TAG, "TCP"), { waitFor: "CREATED" });
  t.not(devices(manager)[0], devices(manager)[1]);
});
