// A namespace that cannot be read, by the doing of the programs in it, holds back its own punts and no others.
import test, { type ExecutionContext } from "ava";
import { PuntError } from "../../lib/errors.js";
import type { Host } from "../../lib/host/index.js";
import { EmulatedHost } from "../../lib/punt/index.js";
import type { Marks } from "../../lib/punt/interconnect/index.js";
import type { VppApi } from "../../lib/punt/items/index.js";
import { VppDevices } from "../../lib/punt/reconcile/vpp-devices.js";
import { managedVpp } from "../support/punt/managed-vpp.js";
import { snapshot } from "../support/vpp/snapshot.js";
import { changes, tapped } from "../support/vpp/tapped.js";

const EVIL = "/run/netns/evil";
const inVrf = { cnf: "evil", interconnect: "TAP", vrf: 1, netns: { name: "evil" } } as const;
const evil = { ...inVrf, type: "ISISX", vppInterface: "if5" } as const;
const proxy = { ...inVrf, type: "DHCP_PROXY", label: "dhcp" } as const;
const mirror = { type: "SPAN", interconnect: "TAP", netns: { name: "good" } } as const;
const good = { ...mirror, cnf: "good", vppInterface: "if0" } as const;
const later = { ...mirror, cnf: "later", vppInterface: "if1" } as const;
const memif = { cnf: "memif", type: "ISISX", interconnect: "MEMIF", vppInterface: "if2" } as const;

const refusal = () => new PuntError("host.ip", "ENOBUFS", `ip address show in ${EVIL}: it printed too much`);
const REASON = `network namespace ${EVIL} cannot be read: host.ip: ip address show in ${EVIL}: it printed too much`;

/** A host whose namespace `evil` can be read until `broken` says otherwise. */
async function managed(t: ExecutionContext) {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const host = new EmulatedHost(it.vpp);
  const links = host.links.bind(host);
  const state = { broken: false, looks: 0 };
  host.links = async (namespace) => {
    if (namespace !== EVIL) return links(namespace);
    state.looks++;
    if (state.broken) throw refusal();
    return links(namespace);
  };
  const changed: string[] = [];
  const hear = (name: string) => void (changes(name) && changed.push(name));
  const options = { host, resyncInterval: 600_000, vpp: tapped(it.client, { hear }) };
  await it.restartManager(options);
  const devices = async () => (await links(EVIL)).map(({ name, kind }) => (kind === "vrf" ? name : kind)).sort();
  const states = () => it.manager.list().map(({ id, state: now }) => `${id.cnf} ${now}`);
  return { it, options, state, changed, devices, states };
}

test("its punts fail by its name and stay as they are; others come, change and go", async (t) => {
  const { it, state, changed, states } = await managed(t);
  const before = await snapshot(it.client);
  const { id } = await it.manager.add(evil, { waitFor: "CREATED" });
  const withEvil = await snapshot(it.client);
  await it.manager.add(good, { waitFor: "CREATED" });
  await it.manager.add(memif, { waitFor: "CREATED" });
  [changed.length, state.looks, state.broken] = [0, 0, true];
  await it.manager.resync();
  t.is(state.looks, 1);
  t.deepEqual(changed, []);
  t.deepEqual(states(), ["evil FAILED", "good CREATED", "memif CREATED"]);
  const { item, code, message } = it.manager.get(id)!.failure!;
  t.deepEqual([item.split("/").slice(0, 2).join("/"), code, message], ["host-link/1", "ENOBUFS", REASON]);

  await it.manager.update({ ...good, direction: "rx" }, { waitFor: "CREATED" });
  await it.manager.delete({ cnf: "good" });
  await it.manager.delete({ cnf: "memif" });
  t.deepEqual(await snapshot(it.client), withEvil);
  await it.manager.add(later, { waitFor: "CREATED" });
  await it.manager.delete({ cnf: "later" });
  t.deepEqual(await snapshot(it.client), withEvil);
  await t.throwsAsync(it.manager.add(proxy), { code: "ENOBUFS" });
  t.deepEqual(await snapshot(it.client), withEvil);

  await it.manager.delete({ cnf: "evil", label: "dhcp" });
  [changed.length, state.broken] = [0, false];
  await it.manager.resync();
  t.deepEqual(changed, []);
  t.deepEqual(states(), ["evil CREATED"]);
  await it.manager.delete(id);
  t.deepEqual(await snapshot(it.client), before);
});

test("a deleted punt leaves VPP at once, and is DELETED when nothing of it is left in the namespace", async (t) => {
  const { it, state, devices, states } = await managed(t);
  const before = await snapshot(it.client);
  const { id } = await it.manager.add(evil, { waitFor: "CREATED" });
  t.deepEqual(await devices(), ["tun", "vrf1"]);
  state.broken = true;
  await t.throwsAsync(it.manager.delete(id), {
    code: "ENOBUFS",
    message: new RegExp(`vrf-device/1/vrf1 cannot be removed: ${REASON}`),
  });
  t.deepEqual(await snapshot(it.client), before);
  t.deepEqual([await devices(), states()], [["vrf1"], ["evil FAILED"]]);
  state.broken = false;
  await it.manager.resync();
  t.deepEqual([await devices(), states()], [[], []]);
});

test("a deleted punt does not wait for a VRF device that another punt has", async (t) => {
  const { it, state, states } = await managed(t);
  const { id } = await it.manager.add(evil, { waitFor: "CREATED" });
  await it.manager.add(proxy, { waitFor: "CREATED" });
  state.broken = true;
  await it.manager.delete(id);
  t.deepEqual(states(), ["evil FAILED"]);
});

test("a punt that moves away from it leaves nothing in it, once it can be read", async (t) => {
  const { it, state, devices, states } = await managed(t);
  await it.manager.add(evil, { waitFor: "CREATED" });
  state.broken = true;
  await it.manager.update({ ...evil, netns: { name: "good" } }, { waitFor: "CREATED" });
  await it.manager.resync();
  t.deepEqual([await devices(), states()], [["vrf1"], ["evil CREATED"]]);
  state.broken = false;
  await it.manager.resync();
  t.deepEqual(await devices(), []);
});

test("a manager that starts then removes what no punt wants, and leaves what it cannot see for later", async (t) => {
  const { it, options, state, devices, states } = await managed(t);
  const before = await snapshot(it.client);
  await it.manager.add(evil, { waitFor: "CREATED" });
  const withEvil = await snapshot(it.client);
  const { id } = await it.manager.add(good, { waitFor: "CREATED" });
  await it.manager.close();
  state.broken = true;
  await it.restartManager(options);
  await it.manager.delete(id);
  t.deepEqual([await snapshot(it.client), states()], [withEvil, ["evil FAILED"]]);
  await it.restartManager(options);
  await t.throwsAsync(it.manager.delete({ cnf: "evil" }), { code: "ENOBUFS" });
  t.deepEqual([await snapshot(it.client), await devices()], [before, ["vrf1"]]);
  state.broken = false;
  await it.manager.resync();
  t.deepEqual([await devices(), states()], [[], []]);
});

test("the claim of an earlier version on everything lasts until each namespace has been read", async (t) => {
  const { it, options, state } = await managed(t);
  await it.manager.add(proxy, { waitFor: "CREATED" });
  await it.manager.close();
  const before = (await it.store.load())!;
  await it.store.save({ ...before, claims: { "*": "" } });
  state.broken = true;
  await it.restartManager(options);
  await it.manager.resync();
  t.deepEqual((await it.store.load())!.claims, { "*": "" });
  state.broken = false;
  await it.manager.resync();
  // The next write leaves out the other one.
  t.deepEqual((await it.store.load())!.claims, { ...before.claims, "*": "" });
});

test("a container that stops between the list and its devices has none", async (t) => {
  const { it, options, states } = await managed(t);
  const { host } = options;
  const away = { ...evil, netns: { name: "away" } };
  await it.manager.add(away, { waitFor: "CREATED" });
  await it.manager.add(memif, { waitFor: "CREATED" });
  Object.assign(host, {
    deviceNames: async (namespace: string) => {
      if (namespace !== "/run/netns/away") return undefined;
      host.setNamespace(namespace, false);
      throw new PuntError("host.container", "ENOENT", namespace);
    },
  });
  await it.manager.delete({ cnf: "memif" });
  await it.manager.resync();
  t.deepEqual(states(), ["evil PENDING"]);
});

test("a trial in a namespace that cannot be read says nothing of the others in its folder", async (t) => {
  let device: { host_if_name: string; host_mac_addr: string } | undefined;
  const vpp = {
    has: () => true,
    dumpAll: async () => [],
    call: async (_name: string, fields: typeof device) => {
      device = fields;
    },
  } as unknown as VppApi;
  const links = async (namespace: string) => {
    if (namespace === EVIL) throw refusal();
    return [{ name: device!.host_if_name, mac: device!.host_mac_addr }];
  };
  const host = { links, identify: async () => "own" } as unknown as Host;
  const devices = new VppDevices({ vpp, host, marks: { machineMark: "m" } as Marks, vppNamespace: undefined });
  await t.throwsAsync(devices.opens(EVIL), { code: "ENOBUFS" });
  t.true(await devices.opens("/run/netns/good"));
});
