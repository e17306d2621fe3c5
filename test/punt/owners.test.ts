// Several managers on one VPP, each with an owner of its own: none touches the objects of another.
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import test from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { MemoryStore, PuntManager, type PuntManagerOptions } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";
import { puntOf, puntTypes } from "../support/punt/punts.js";

function other(managed: ManagedVpp, options: Partial<PuntManagerOptions> = {}): Promise<PuntManager> {
  const memifDirectory = join(managed.directory, "memif-other");
  const store = new MemoryStore();
  return PuntManager.start({
    vpp: managed.client,
    host: managed.host,
    store,
    memifDirectory,
    owner: "other",
    ...options,
  });
}

for (const interconnect of ["TAP", "MEMIF"] as const) {
  for (const withoutPlugins of [[], ["abx", "isisx"]]) {
    const name = `${interconnect}${withoutPlugins.length > 0 ? `, without ${withoutPlugins.join(" and ")}` : ""}`;
    test(`two owners on one VPP leave each other's punts of every type alone (${name})`, async (t) => {
      const it = await managedVpp({}, { withoutPlugins });
      t.teardown(() => it.close());
      const types = puntTypes.filter(
        (type) => !(type === "ISISX" && interconnect === "MEMIF" && withoutPlugins.length > 0),
      );
      const punts = types.map((type, unique) => puntOf(type, { cnf: "a", interconnect, subject: unique % 2, unique }));
      const theirs = types.map((type, unique) => {
        const subject = type === "PUNT_TO_SOCKET" ? 9 : 2;
        return puntOf(type, { cnf: "a", interconnect, subject, unique: unique + 20 });
      });
      // Punts that conflict within one owner are left out.
      const wanted = (all: typeof punts) =>
        all.filter(({ type }) => ["SPAN", "ABX", "PUNT_TO_SOCKET", "DHCP_PROXY", "ISISX"].includes(type));
      for (const punt of wanted(punts)) await it.manager.add({ ...punt, key: punt.type } as never);
      const manager = await other(it);
      t.teardown(() => manager.close());
      for (const punt of wanted(theirs)) await manager.add({ ...punt, key: punt.type } as never);
      const settled = async (one: PuntManager) => {
        await one.resync();
        return one.list().map(({ id, state }) => `${id.key} ${state}`);
      };
      const all = await settled(it.manager);
      t.deepEqual(
        all,
        wanted(punts).map(({ type }) => `${type} CREATED`),
      );
      t.deepEqual(await settled(manager), all);
      t.is((await it.manager.plan()).toString(), "nothing to do");
      t.is((await manager.plan()).toString(), "nothing to do");
      for (const { id } of manager.list()) await manager.delete(id);
      t.is((await it.manager.plan()).toString(), "nothing to do");
    });
  }
}

test("two owners have one folder for their memifs, and leave each other's alone, also memifs of an earlier VPP", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const memifDirectory = join(it.directory, "memif");
  const spanOf = (vppInterface: string) => ({ cnf: "a", type: "SPAN", interconnect: "MEMIF", vppInterface }) as const;
  const manager = await other(it, { memifDirectory });
  t.teardown(() => manager.close());
  // The one CNF and key: without the owner, the sockets would have one name.
  const sockets = [];
  for (const one of [it.manager, manager])
    sockets.push((await one.add(spanOf("if0"))).metadata.interconnects[0]!.attachment as { socket: string });
  t.regex(sockets[0]!.socket, /\/memif\/memif-[a-zA-F]{5}\.sock$/);
  t.regex(sockets[1]!.socket, /\/memif\/memif-other-[a-zA-F]{5}\.sock$/);
  for (const round of ["first", "after a restart of VPP"]) {
    for (const one of [it.manager, manager, it.manager]) {
      await one.resync();
      t.is((await one.plan()).toString(), "nothing to do", round);
      t.is(one.list()[0]!.state, "CREATED", round);
    }
    await it.restartVpp();
  }
  await manager.delete({ cnf: "a" });
  await it.manager.resync();
  t.is((await it.manager.plan()).toString(), "nothing to do");
  t.deepEqual(await readdir(memifDirectory), [basename(sockets[0]!.socket)]);
});

test("a store whose memif sockets have other names, or lie in another folder, gets those of its manager", async (t) => {
  const it = await managedVpp({ owner: "lab" });
  t.teardown(() => it.close());
  await it.manager.add({ cnf: "a", type: "SPAN", interconnect: "MEMIF", vppInterface: "if0" });
  await it.manager.close();
  const state = (await it.store.load())!;
  const [made] = state.interconnects;
  const named = made!.socket!.replace("memif-lab-", "memif-");
  await it.store.save({ ...state, interconnects: [{ ...made!, socket: named, cnfSelector: "memif::abcde" }] });
  for (const folder of ["memif", "moved"]) {
    // A memif of another folder or name would be foreign.
    await it.manager.close();
    await it.restartVpp();
    await it.restartManager({ memifDirectory: join(it.directory, folder) });
    await it.manager.resync();
    const { state: now, metadata } = it.manager.list()[0]!;
    t.is(now, "CREATED");
    t.is(
      (metadata.interconnects[0]!.attachment as { socket: string }).socket,
      join(it.directory, folder, "memif-lab-abcde.sock"),
    );
    t.is((await it.manager.plan()).toString(), "nothing to do");
  }
});

test("the same punt of two owners has two interconnects", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const span = { cnf: "a", type: "SPAN", interconnect: "TAP", vppInterface: "if0" } as const;
  const first = await it.manager.add(span);
  const manager = await other(it);
  t.teardown(() => manager.close());
  const second = await manager.add(span);
  await it.manager.resync();
  const [one, two] = [first, second].map(({ metadata }) => metadata.interconnects[0]!.cnfInterface!);
  t.not(one!.name, two!.name);
  t.not(one!.mac, two!.mac);
  t.deepEqual(
    [it.manager, manager].map((some) => some.list()[0]!.state),
    ["CREATED", "CREATED"],
  );
});

test("a manager for an emulated VPP of another process makes nothing on this machine", async (t) => {
  await using vpp = await EmbeddedVpp.start({ interfaces: ["eth0"], exec: ["set interface state eth0 up"] });
  const client = await Vpp.connect({ socketPath: vpp.apiSocket });
  t.teardown(() => client.close());
  const manager = await PuntManager.start({ vpp: client, memifDirectory: join(vpp.directory, "memif") });
  t.teardown(() => manager.close());
  const { state } = await manager.add({ cnf: "a", type: "SPAN", interconnect: "TAP", vppInterface: "eth0" });
  t.is(state, "CREATED");
  t.is((await vpp.hostInterfaces()).length, 1);
  t.is((await manager.plan()).toString(), "nothing to do");
});

test("a VPP that does not say in time that its devices are emulated is not taken for another, and managers leave no listener", async (t) => {
  await using vpp = await EmbeddedVpp.start({ interfaces: ["eth0"], exec: ["set interface state eth0 up"] });
  const client = await Vpp.connect({ socketPath: vpp.apiSocket, timeout: 300 });
  t.teardown(() => client.close());
  const listeners = client.listenerCount("disconnected");
  for (const interconnect of ["TAP", "MEMIF"] as const) {
    vpp.faults.add({ message: "show_version", action: { kind: "lose-request" } });
    const manager = await PuntManager.start({ vpp: client, memifDirectory: join(vpp.directory, "memif") });
    t.teardown(() => manager.close());
    const punt = { cnf: interconnect.toLowerCase(), type: "SPAN", interconnect, vppInterface: "eth0" } as const;
    t.is((await manager.add(punt, { waitFor: "CREATED" })).state, "CREATED");
    const named = await readdir("/sys/class/net");
    for (const { cnfInterface } of manager.list().flatMap(({ metadata }) => metadata.interconnects))
      t.false(named.includes(cnfInterface!.name), "the device is inside of VPP");
    await manager.delete({ cnf: punt.cnf });
    await manager.close();
    t.is(client.listenerCount("disconnected"), listeners);
  }
});
