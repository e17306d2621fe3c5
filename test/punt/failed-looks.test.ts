// A look at VPP that fails, wholly or for one kind of object, is not taken for a look at a VPP without the objects.
import test, { type ExecutionContext } from "ava";
import { PuntError } from "../../lib/errors.js";
import { EmulatedHost, type PuntType } from "../../lib/punt/index.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";
import { puntOf, puntTypes } from "../support/punt/punts.js";
import { snapshot } from "../support/vpp/snapshot.js";
import { changes, tapped } from "../support/vpp/tapped.js";

const span = puntOf("SPAN", { cnf: "a", interconnect: "TAP", subject: 0, unique: 0 });
const isisx = puntOf("ISISX", { cnf: "a", interconnect: "TAP", subject: 1, unique: 1 });

/** A manager whose connection fails all dumps of a kind, such as those of mirrors, with `failing.with`, and that reports its changes of VPP. */
async function manage(
  dump = "sw_interface_span_dump",
): Promise<{ it: ManagedVpp; failing: { with?: PuntError }; changed: string[] }> {
  const it = await managedVpp();
  const failing: { with?: PuntError } = {};
  const changed: string[] = [];
  const hear = (name: string) => {
    if (changes(name)) changed.push(name);
    if (name === dump && failing.with) throw failing.with;
  };
  const retry = { firstDelay: 5, longestDelay: 20 };
  await it.restartManager({ resyncInterval: 600_000, retry, vpp: tapped(it.client, { hear }) });
  await it.manager.add(span, { waitFor: "CREATED" });
  await it.manager.add(isisx, { waitFor: "CREATED" });
  changed.length = 0;
  return { it, failing, changed };
}

test("a dump that VPP does not answer ends the look: nothing is changed, and no punt changes its state", async (t) => {
  const { it, failing, changed } = await manage();
  t.teardown(() => it.close());
  failing.with = new PuntError("binapi.call", "ERR_TIMEOUT", "no answer");
  await t.throwsAsync(it.manager.resync(), { code: "ERR_TIMEOUT" });
  t.deepEqual(changed, []);
  t.deepEqual(
    it.manager.list().map(({ state }) => state),
    ["CREATED", "CREATED"],
  );
  delete failing.with;
  await it.manager.resync();
  t.deepEqual(changed, []);
});

test("while VPP refuses to list a kind, its punts fail by name, others are made, and no object that they may depend on is removed", async (t) => {
  const { it, failing, changed } = await manage();
  t.teardown(() => it.close());
  failing.with = new PuntError("binapi.call", "UNSPECIFIED", "VPP refuses");
  await it.manager.resync();
  t.deepEqual(changed, []);
  const [mirror, other] = it.manager.list();
  t.is(mirror!.state, "FAILED");
  t.regex(mirror!.failure!.message, /span.*cannot be read: .*VPP refuses/);
  t.is(other!.state, "CREATED");
  const place = { cnf: "b", interconnect: "TAP", subject: 2, unique: 2, folder: it.directory } as const;
  await it.manager.add(puntOf("PUNT_TO_SOCKET", place), { waitFor: "CREATED" });

  const before = await snapshot(it.client);
  await t.throwsAsync(it.manager.delete(other!.id), { code: "UNSPECIFIED", message: /cannot be removed while span/ });
  t.deepEqual(await snapshot(it.client), before);
  delete failing.with;
  await it.manager.resync();
  t.deepEqual(
    it.manager.list().map(({ request, state }) => `${request.type} ${state}`),
    ["SPAN CREATED", "PUNT_TO_SOCKET CREATED"],
  );
  t.false((await snapshot(it.client)).some((line) => line.startsWith("isisx ")));
});

test("an interface whose addresses VPP refuses to list is not taken for gone", async (t) => {
  const { it, failing } = await manage("ip_address_dump");
  t.teardown(() => it.close());
  const inVrf = { ...span, dependsOn: [{ kind: "interface-in-vrf" as const, name: "if0", vrf: 0 }] };
  await it.manager.update(inVrf, { waitFor: "CREATED" });
  failing.with = new PuntError("binapi.call", "UNSPECIFIED", "VPP refuses");
  await t.throwsAsync(it.manager.resync(), { code: "UNSPECIFIED" });
  t.deepEqual(
    it.manager.list().map(({ state }) => state),
    ["CREATED", "CREATED"],
  );
});

test("an interface that goes during a look is not there, and no other punt hears of it", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  await it.restartManager({ resyncInterval: 600_000 });
  const inVrf = { ...span, dependsOn: [{ kind: "interface-in-vrf" as const, name: "if0", vrf: 0 }] };
  await it.manager.add(inVrf, { waitFor: "CREATED" });
  const other = puntOf("SPAN", { cnf: "b", interconnect: "TAP", subject: 1, unique: 1 });
  await it.manager.add(other, { waitFor: "CREATED" });
  const states = () => it.manager.list().map(({ state }) => state);
  const action = { kind: "refuse", error: "INVALID_SW_IF_INDEX" } as const;
  it.vpp.faults.add({ message: "sw_interface_get_table", times: Number.POSITIVE_INFINITY, action });
  await it.manager.resync();
  t.deepEqual(states(), ["PENDING", "CREATED"]);
  it.vpp.faults.clear();
  await it.manager.resync();
  t.deepEqual(states(), ["CREATED", "CREATED"]);
});

test("a namespace that goes during a look has no devices, and the punts in it wait for it", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const host = new EmulatedHost(it.vpp);
  const links = host.links.bind(host);
  const inside = { ...isisx, netns: { name: "cnf" } };
  await it.restartManager({ host, resyncInterval: 600_000 });
  const { id } = await it.manager.add(inside, { waitFor: "CREATED" });
  host.links = async (namespace) => {
    if (namespace === "") return links(namespace);
    host.setNamespace(namespace, false);
    throw new PuntError("host.ip", "ENOENT", `cannot open ${namespace}`);
  };
  const other = await it.manager.add(span);
  t.is(other.state, "CREATED");
  await it.manager.resync();
  t.is(it.manager.get(id)?.state, "PENDING");
});

/** A manager whose dumps are heard by name, and a punt of a type for it. */
async function hearing(t: ExecutionContext, type: PuntType) {
  const heard = new Set<string>();
  const it = await managedVpp();
  t.teardown(() => it.close());
  const hear = (name: string) => void (name.endsWith("_dump") && heard.add(name));
  await it.restartManager({ resyncInterval: 600_000, vpp: tapped(it.client, { hear }) });
  const punt = puntOf(type, { cnf: "a", interconnect: "TAP", subject: 0, unique: 0, folder: it.directory });
  return { it, punt, heard };
}

for (const type of puntTypes)
  test(`add and delete of ${type} do the whole and say so only then, whichever dump VPP answers with nothing`, async (t) => {
    const { it, punt, heard } = await hearing(t, type);
    const { id } = await it.manager.add(punt, { waitFor: "CREATED" });
    const made = await snapshot(it.client);
    await it.manager.delete(id);
    const without = await snapshot(it.client);
    t.true(heard.size > 5);
    /** Refuses the dump in the first look of the work, or in the second one, which follows the first steps. */
    const refusing = async (message: string, nth: number, work: Promise<unknown>) => {
      it.vpp.faults.add({ message, nth, action: { kind: "refuse", error: "UNSPECIFIED" } });
      await work;
      it.vpp.faults.clear();
    };
    for (const message of heard) {
      await refusing(message, 2, it.manager.add(punt, { waitFor: "CREATED" }));
      t.deepEqual(await snapshot(it.client), made, `add, ${message}`);
      await refusing(message, 1, it.manager.delete(id));
      t.deepEqual(await snapshot(it.client), without, `delete, ${message}`);
    }
  });

test("the first look of a process is repeated before it removes something: one empty dump leaves no mirror", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const without = await snapshot(it.client);
  const { id } = await it.manager.add(span, { waitFor: "CREATED" });
  await it.manager.close();
  await it.store.save({ ...(await it.store.load())!, punts: [] });
  it.vpp.faults.add({ message: "sw_interface_span_dump", action: { kind: "refuse", error: "UNSPECIFIED" } });
  await it.restartManager({ resyncInterval: 600_000 });
  await it.manager.resync();
  t.is(it.manager.get(id), undefined);
  t.deepEqual(await snapshot(it.client), without);
});

test("a delete as the first work of a process says so when VPP has nothing, also where two looks each lack an answer", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const without = await snapshot(it.client);
  const { id } = await it.manager.add(span, { waitFor: "CREATED" });
  await it.manager.close();
  const action = { kind: "refuse", error: "UNSPECIFIED" } as const;
  // The first look does not know whose the interface is, and the second one has no interfaces.
  it.vpp.faults.add({ message: "sw_interface_tap_v2_dump", nth: 1, action });
  it.vpp.faults.add({ message: "sw_interface_dump", nth: 2, action });
  await it.restartManager({ resyncInterval: 600_000 });
  await it.manager.delete(id);
  t.deepEqual(await snapshot(it.client), without);
});

for (const [type, message] of [
  ["PUNT_TO_SOCKET", "punt_socket_dump"],
  ["SPAN", "sw_interface_span_dump"],
  ["DHCP_PROXY", "dhcp_proxy_dump"],
  ["ISISX", "isisx_connection_dump"],
  ["ABX", "abx_policy_dump"],
] as const)
  test(`the first look of a process forgets no claim: one empty ${message} leaves nothing of a punt that was deleted before`, async (t) => {
    const it = await managedVpp();
    t.teardown(() => it.close());
    await it.manager.resync();
    const without = await snapshot(it.client);
    await it.manager.add(puntOf(type, { cnf: "a", interconnect: "TAP", subject: 0, unique: 0 }), {
      waitFor: "CREATED",
    });
    await it.manager.close();
    await it.store.save({ ...(await it.store.load())!, punts: [], interconnects: [] });
    it.vpp.faults.add({ message, action: { kind: "refuse", error: "UNSPECIFIED" } });
    await it.restartManager({ resyncInterval: 600_000 });
    await it.manager.resync();
    t.deepEqual(await snapshot(it.client), without);
  });

test("an ACL of ours that is there twice, and an attachment whose policy is gone, are leftovers", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const punt = puntOf("ABX", { cnf: "a", interconnect: "MEMIF", subject: 0, unique: 0 });
  const without = await snapshot(it.client);
  const { id } = await it.manager.add(punt, { waitFor: "CREATED" });
  const made = await snapshot(it.client);
  const [acl] = await it.client.dumpAll("acl_dump", { acl_index: 0xffff_ffff });
  await it.client.call("acl_add_replace", { acl_index: 0xffff_ffff, tag: acl!.tag, r: acl!.r });
  const [policy] = await it.client.dumpAll("abx_policy_dump", {});
  await it.manager.close();
  await it.client.call("abx_policy_add_del", { is_add: 0, policy: policy!.policy });
  const manager = await it.restartManager({ resyncInterval: 600_000 });
  await manager.resync();
  t.is(manager.list()[0]?.state, "CREATED");
  t.deepEqual(await snapshot(it.client), made);
  await manager.delete(id);
  t.deepEqual(await snapshot(it.client), without);
});

for (const nth of [1, 2, 3])
  test(`a punt that is deleted right after the start is DELETED when VPP has nothing of it, if empty dump ${nth} hides its memifs`, async (t) => {
    const it = await managedVpp();
    t.teardown(() => it.close());
    const without = await snapshot(it.client);
    const hairpin = puntOf("HAIRPIN", { cnf: "a", interconnect: "MEMIF", subject: 0, unique: 0 });
    const { id } = await it.manager.add(hairpin, { waitFor: "CREATED" });
    await it.manager.close();
    it.vpp.faults.add({ message: "memif_dump", nth, action: { kind: "refuse", error: "UNSPECIFIED" } });
    const manager = await it.restartManager({ resyncInterval: 600_000 });
    await manager.delete(id);
    t.deepEqual(await snapshot(it.client), without);
  });

for (const type of puntTypes)
  test(`${type} leaves VPP when it is deleted during the first look of a process, whichever dump VPP answers with nothing`, async (t) => {
    const { it, punt, heard } = await hearing(t, type);
    const without = await snapshot(it.client);
    const { id } = await it.manager.add(punt, { waitFor: "CREATED" });
    t.true(heard.size > 5);
    for (const message of heard) {
      await it.manager.close();
      it.vpp.faults.add({ message: "ip_table_dump", action: { kind: "delay", ms: 30 } });
      it.vpp.faults.add({ message, action: { kind: "refuse", error: "UNSPECIFIED" } });
      const manager = await it.restartManager({ resyncInterval: 600_000 });
      await new Promise((resolve) => setTimeout(resolve, 10));
      await manager.delete(id);
      it.vpp.faults.clear();
      t.deepEqual(await snapshot(it.client), without, message);
      await manager.add(punt, { waitFor: "CREATED" });
    }
  });

/** Objects that carry no mark: the store's claims alone tell whose they are. */
const unmarked = [
  ["PUNT_TO_SOCKET", "punt_socket_dump"],
  ["ABX", "proxy_arp_dump"],
  ["DHCP_PROXY", "dhcp_proxy_dump"],
] as const;

for (const [type, dump] of unmarked) {
  test(`a ${type} that is deleted while VPP refuses ${dump} is gone, and leaves nothing, once VPP lists it again`, async (t) => {
    const it = await managedVpp();
    t.teardown(() => it.close());
    const failing: { with?: PuntError } = {};
    const hear = (name: string) => {
      if (name === dump && failing.with) throw failing.with;
    };
    const retry = { firstDelay: 5, longestDelay: 20 };
    await it.restartManager({ resyncInterval: 600_000, retry, vpp: tapped(it.client, { hear }) });
    const before = await snapshot(it.client);
    const { id } = await it.manager.add(
      puntOf(type, { cnf: "a", interconnect: "MEMIF", subject: 0, unique: 0, folder: it.directory }),
      { waitFor: "CREATED" },
    );
    failing.with = new PuntError("binapi.call", "VPP_UNSPECIFIED", "VPP refuses");
    await t.throwsAsync(it.manager.delete(id), { code: "VPP_UNSPECIFIED" });
    await it.manager.resync();
    t.is(it.manager.get(id)!.state, "FAILED");
    delete failing.with;
    await it.manager.resync();
    t.is(it.manager.get(id), undefined);
    t.deepEqual(await snapshot(it.client), before);
  });
}
