// The numbers of network namespaces.
import test from "ava";
import type { Host, HostChange } from "../../lib/host/host.js";
import { EmulatedHost } from "../../lib/punt/index.js";
import { Namespaces } from "../../lib/punt/interconnect/namespaces.js";
import type { ActContext } from "../../lib/punt/items/kind.js";
import { makeIn } from "../../lib/punt/items/ways.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

/** Returns a host with these namespaces, as identities by path, and its own. */
function namespacesOf(identities: Record<string, string>): Namespaces {
  return new Namespaces({ identify: async (path: string) => (path === "" ? "own" : identities[path]) } as Host);
}

test("a namespace has one number for all of its names; the manager's own has 0", async (t) => {
  const there: Record<string, string> = { "/run/netns/one": "1", "/proc/7/ns/net": "1", "/proc/8/ns/net": "own" };
  const namespaces = namespacesOf(there);
  const number = async (ref: Parameters<Namespaces["find"]>[0]) => namespaces.number(await namespaces.find(ref));
  t.is(await number(undefined), 0);
  t.is(await number({ pid: 8 }), 0);
  const one = await number({ name: "one" });
  t.is(await number({ pid: 7 }), one);
  t.not(await number({ name: "later" }), one);
  there["/run/netns/later"] = "2";
  t.is(await number({ path: "/run/netns/later" }), await number({ name: "later" }));
});

test("a new namespace with the identity of an earlier one gets another number", async (t) => {
  const there: Record<string, string> = { "/proc/7/ns/net": "1" };
  const namespaces = namespacesOf(there);
  const old = namespaces.number(await namespaces.find({ pid: 7 }));
  delete there["/proc/7/ns/net"];
  there["/proc/9/ns/net"] = "1";
  const fresh = namespaces.number(await namespaces.find({ pid: 9 }));
  t.not(fresh, old);
  t.is(namespaces.path(fresh), "/proc/9/ns/net");
});

test("a namespace is forgotten after its last punt, once no object is left in it", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const punt = (cnf: string, netns: string) =>
    ({ cnf, type: "ISISX", interconnect: "TAP", vppInterface: "if5", vrf: 1, netns: { name: netns } }) as const;
  const known = async () => (await it.store.load())?.namespaces.map(({ path }) => path);
  const devices = async (netns: string) => (await it.host.links(`/run/netns/${netns}`)).map(({ name }) => name);
  const one = await it.manager.add(punt("one", "shared"));
  const other = await it.manager.add(punt("other", "shared"));
  t.true((await devices("shared")).includes("vrf1"));
  await it.manager.delete(one.id);
  t.true((await devices("shared")).includes("vrf1"), "the other is in it");
  await it.manager.delete(other.id);
  t.deepEqual(await devices("shared"), []);
  await it.manager.resync();
  await it.manager.add(punt("one", "fresh"));
  t.deepEqual(await known(), ["/run/netns/fresh"]);
});

test("a namespace whose path is too long for VPP's message gets its device moved", async (t) => {
  const changes: [string, HostChange][] = [];
  const asked: string[] = [];
  const host = { change: async (path: string, change: HostChange) => void changes.push([path, change]) } as Host;
  const ways = { vppNamespace: "/proc/1/fd/9", makesTaps: true, refusal: undefined, opens: async () => true };
  const make = async (namespace: string) => asked.push(namespace);
  const context = { host, ways } as unknown as ActContext;
  for (const length of [63, 64]) {
    const namespace = `/run/netns/${"n".repeat(length - 11)}`;
    await makeIn(context, { name: "tap-abcde", namespace }, 63, make);
  }
  t.deepEqual(asked, [`/run/netns/${"n".repeat(52)}`, ""]);
  const to = `/run/netns/${"n".repeat(53)}`;
  t.deepEqual(changes, [["/proc/1/fd/9", { change: "move-link", name: "tap-abcde", to }]]);
});

test("two names that were found at once are those of one namespace, unless one of them has another by now", async (t) => {
  const there: Record<string, string> = { "/run/netns/one": "1", "/proc/7/ns/net": "1" };
  const namespaces = namespacesOf(there);
  const found = [await namespaces.find({ name: "one" }), await namespaces.find({ pid: 7 })];
  const [first, second] = found.map((each) => namespaces.number(each));
  t.is(second, first);
  there["/run/netns/one"] = "2";
  t.not(namespaces.number(await namespaces.find({ pid: 7 })), first);
});

/** Both names are those of one namespace. */
class TwoNames extends EmulatedHost {
  override identify(path: string): Promise<string | undefined> {
    return super.identify(path === "/run/netns/two" ? "/run/netns/one" : path);
  }
}

test("punts that come at once under two names of one namespace share a TAP, as one after the other", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const manager = await it.restartManager({ host: new TwoNames(it.vpp) });
  const isisx = (cnf: string, label: string, name: string) =>
    ({ cnf, label, type: "ISISX", interconnect: "TAP", vppInterface: "if0", netns: { name } }) as const;
  await Promise.all([manager.add(isisx("a", "", "one")), manager.add(isisx("b", "", "two"))]);
  await manager.apply({ cnf: "c", punts: [isisx("c", "1", "two"), isisx("c", "2", "one")] });
  const ends = manager.list().map(({ metadata }) => metadata.interconnects[0]!);
  t.deepEqual(new Set(ends.map(({ cnfSelector, shared }) => `${cnfSelector} ${shared}`)), new Set(["netns::1 true"]));
});
