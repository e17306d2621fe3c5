// The Linux VRF device that a punt's TAP is in: up if it is the manager's, and as its owner wants it otherwise.
import test, { type ExecutionContext } from "ava";
import { EmulatedHost, MemoryStore } from "../../lib/punt/index.js";
import { managedVpp } from "../support/punt/managed-vpp.js";
import { until } from "../support/until.js";

const PATH = "/run/netns/cnf";
const PUNT = {
  cnf: "cnf",
  type: "ISISX",
  interconnect: "TAP",
  vppInterface: "if5",
  vrf: 1,
  netns: { name: "cnf" },
} as const;

async function inVrf(t: ExecutionContext) {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const vrf = async () => (await it.host.links(PATH)).find(({ name }) => name === "vrf1");
  return { ...it, vrf };
}

test("a device that its creation left down is set up at the next look, and is not made again", async (t) => {
  const { manager, host, vrf } = await inVrf(t);
  await manager.add(PUNT, { waitFor: "CREATED" });
  const made = await vrf();
  t.true(made!.up);
  await host.change(PATH, { change: "set-link", name: "vrf1", up: false });
  t.deepEqual(
    (await manager.plan()).steps.map(({ action, item }) => `${action} ${item}`),
    ["update vrf-device/1/vrf1"],
  );
  await manager.resync();
  t.deepEqual(await vrf(), made);
  t.deepEqual((await manager.plan()).steps, []);
});

test("a device of another owner that is down serves as it is", async (t) => {
  const { manager, host, vrf } = await inVrf(t);
  await host.change(PATH, { change: "add-vrf", name: "vrf1", table: 1, group: 7 });
  const before = await vrf();
  t.false(before!.up);
  await manager.add(PUNT, { waitFor: "CREATED" });
  t.deepEqual(await vrf(), before);
  await manager.delete({ cnf: "cnf" });
  t.deepEqual(await vrf(), before);
});

/** A host that refuses to delete a device so many times. */
class Busy extends EmulatedHost {
  refusals = 0;
  override change(...[namespace, change]: Parameters<EmulatedHost["change"]>): Promise<void> {
    if (change.change === "delete-link" && this.refusals-- > 0)
      return Promise.reject(Object.assign(new Error("busy"), { code: "EBUSY" }));
    return super.change(namespace, change);
  }
}

test("a device of an earlier manager in a namespace without punts goes, although its first deletion fails", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const host = new Busy(it.vpp);
  const manager = await it.restartManager({ host });
  await manager.add(PUNT, { waitFor: "CREATED" });
  t.true((await host.links(PATH)).some(({ name }) => name === "vrf1"));
  host.refusals = 1;
  await it.restartManager({ host, store: new MemoryStore() });
  await until(async () => (await host.links(PATH)).length === 0);
  t.true(host.refusals < 0);
});
