// Nothing stays of what an earlier request of a punt has set on an interconnect that the punt keeps.
import test, { type ExecutionContext } from "ava";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { addressesOf, moveToTable, setAddress, tableOf } from "../support/punt/layer3.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";

async function managed(t: ExecutionContext): Promise<ManagedVpp> {
  const it = await managedVpp();
  t.teardown(() => it.close());
  return it;
}

function hairpin(hairpinInterface: object): PuntRequestInput {
  const inner = { name: "inner", ...hairpinInterface };
  return { cnf: "a", type: "HAIRPIN", interconnect: "TAP", vppInterface: "if0", hairpinInterface: inner };
}

function abx(
  cnf: string,
  vppInterface: string,
  more: { vrf?: number; withoutCnfVrf?: boolean } = {},
): PuntRequestInput {
  const ingressAclRules = [{ protocol: "UDP", destinationPort: 53 }] as const;
  return { cnf, type: "ABX", interconnect: "TAP", vppInterface, ingressAclRules: [...ingressAclRules], ...more };
}

/** The devices of the manager's namespace: name, master and addresses. */
async function devices({ host }: ManagedVpp): Promise<[string, string, readonly string[]][]> {
  const links = await host.links("");
  return links.filter(({ kind }) => kind === "tun").map(({ name, master, addresses }) => [name, master, addresses]);
}

const created = { waitFor: "CREATED" } as const;

for (const restarts of [false, true]) {
  test(`the addresses and the VRF of a HAIRPIN's interface go with the request${restarts ? ", by another manager" : ""}`, async (t) => {
    const it = await managed(t);
    await it.manager.add(hairpin({ ipAddresses: ["10.9.0.1/24"], vrf: 1 }), created);
    t.deepEqual([await addressesOf(it.client, "inner"), await tableOf(it.client, "inner")], [["10.9.0.1/24"], 1]);
    if (restarts) await it.restartManager();
    await it.manager.update(hairpin({}), created);
    await it.manager.resync();
    t.deepEqual([await addressesOf(it.client, "inner"), await tableOf(it.client, "inner")], [[], 0]);
  });
}

test("the addresses that an operator gives a HAIRPIN's interface stay, also where another punt uses it", async (t) => {
  const it = await managed(t);
  await it.manager.add(hairpin({}), created);
  await setAddress(it.client, "inner", "10.9.0.1/24", true);
  await it.manager.add(abx("b", "inner"), created);
  await it.manager.resync();
  t.deepEqual(await addressesOf(it.client, "inner"), ["10.9.0.1/24"]);
});

test("a HAIRPIN's interface with addresses moves to another VRF and back", async (t) => {
  const it = await managed(t);
  const ipAddresses = ["10.9.0.1/24"];
  await it.manager.add(hairpin({ ipAddresses }), created);
  for (const vrf of [1, 2, 0]) {
    await it.manager.update(hairpin({ ipAddresses, vrf }), created);
    t.deepEqual([await addressesOf(it.client, "inner"), await tableOf(it.client, "inner")], [ipAddresses, vrf]);
  }
});

test("an interface that lends its address moves to another VRF between two looks", async (t) => {
  const it = await managed(t);
  const { metadata } = await it.manager.add(abx("a", "if1"), created);
  const { name } = metadata.interconnects[0]!.vppInterface!;
  for (const vrf of [1, 0]) {
    await moveToTable(it.client, "if1", vrf);
    await it.manager.resync();
    t.is(it.manager.get({ cnf: "a" })!.state, "CREATED");
    t.is(await tableOf(it.client, name), vrf);
  }
});

test("a TAP leaves the VRF device that its punt wants no more, and another one stays", async (t) => {
  const it = await managed(t);
  await moveToTable(it.client, "if4", 1);
  await it.manager.add(abx("a", "if4", { vrf: 1 }), created);
  await it.manager.add(abx("b", "if5", { vrf: 1 }), created);
  t.deepEqual(
    (await devices(it)).map(([, master]) => master),
    ["vrf1", "vrf1"],
  );
  await it.manager.update(abx("a", "if4", { vrf: 1, withoutCnfVrf: true }), created);
  await it.manager.resync();
  t.deepEqual(
    (await devices(it)).map(([, master, addresses]) => [master, addresses]),
    [
      ["", ["10.0.4.1/24"]],
      ["vrf1", ["10.0.5.1/24"]],
    ],
  );
});

test("a TAP that becomes a wire loses the router's addresses, and then keeps those of its CNF", async (t) => {
  const it = await managed(t);
  const { metadata } = await it.manager.add(abx("a", "if0"), created);
  const { name } = metadata.interconnects[0]!.cnfInterface!;
  const addresses = async () => (await devices(it)).find(([device]) => device === name)?.[2];
  t.deepEqual(await addresses(), ["10.0.0.1/24"]);
  const wire = { cnf: "a", type: "HAIRPIN_XCONNECT", interconnect: "TAP", vppInterface1: "if0", vppInterface2: "if1" };
  await it.manager.update(wire as PuntRequestInput, created);
  await it.manager.resync();
  t.deepEqual(await addresses(), []);
  await it.host.change("", { change: "add-address", name, address: "10.99.0.1/24" });
  await it.manager.resync();
  t.deepEqual(await addresses(), ["10.99.0.1/24"]);
});
