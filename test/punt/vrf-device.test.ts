// The Linux VRF device that a punt's TAP is in: up if it is the manager's, and as its owner wants it otherwise.
import test, { type ExecutionContext } from "ava";
import { managedVpp } from "../support/punt/managed-vpp.js";

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
