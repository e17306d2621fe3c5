// Managers in several processes over one store agree on every punt: one after the other, and read-only ones beside them.
import test from "ava";
import { EmulatedHost, MemoryStore, PuntManager } from "../../lib/punt/index.js";
import { managedVpp } from "../support/punt/managed-vpp.js";
import { puntOf, puntTypes } from "../support/punt/punts.js";
import { changes, tapped } from "../support/vpp/tapped.js";

for (const interconnect of ["TAP", "MEMIF"] as const) {
  for (const withoutPlugins of [[], ["abx", "isisx"]]) {
    const name = `${interconnect}${withoutPlugins.length > 0 ? `, without ${withoutPlugins.join(" and ")}` : ""}`;
    test(`another process has no steps to do, and reports the same statuses (${name})`, async (t) => {
      const it = await managedVpp({}, { withoutPlugins });
      t.teardown(() => it.close());
      const card = it.vpp.interface("if4").swIfIndex;
      await it.client.call("sw_interface_add_del_address", {
        sw_if_index: card,
        is_add: true,
        del_all: false,
        prefix: "fd00:4::1/64",
      });
      for (const [index, type] of puntTypes.entries()) {
        if (type === "ISISX" && interconnect === "MEMIF" && withoutPlugins.length > 0) continue;
        const place = {
          cnf: `cnf${index}`,
          interconnect,
          subject: index < 3 ? index : type === "DHCP_PROXY" ? 1 : 2,
          unique: index,
        };
        if (index === 2) place.subject = 2;
        await it.manager.add(puntOf(type, place));
      }
      await it.manager.resync();
      const before = it.manager.list();
      const sent: string[] = [];
      const vpp = tapped(it.client, { hear: (message) => void (changes(message) && sent.push(message)) });
      const next = await it.restartManager({ vpp });
      await next.resync();
      t.deepEqual(sent, []);
      t.is((await next.plan()).toString(), "nothing to do");
      t.deepEqual(next.list(), before);
      const looking = await it.restartManager({ vpp, readOnly: true });
      await looking.resync();
      t.deepEqual(looking.list(), before);
      t.deepEqual(sent, []);
    });
  }
}

test("the manager gets VPP's punt path from VPP if the store does not have it", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const punt = puntOf("PUNT_TO_SOCKET", {
    cnf: "a",
    interconnect: "MEMIF",
    subject: 0,
    unique: 0,
    folder: it.directory,
  });
  const { metadata } = await it.manager.add(punt);
  const [{ attachment }] = metadata.interconnects as never as [{ attachment: { vppPath: string } }];
  t.true(attachment.vppPath.startsWith(it.directory));
  await it.manager.close();
  const state = (await it.store.load())!;
  await it.store.save({ ...state, notes: {} });
  const next = await it.restartManager();
  await next.resync();
  t.deepEqual(next.list()[0]!.metadata, metadata);
});

test("a read-only manager follows the store and VPP", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const writer = it.manager;
  const { PuntManager } = await import("../../lib/punt/index.js");
  const memifDirectory = `${it.directory}/memif`;
  const looking = await PuntManager.start({
    vpp: it.client,
    host: it.host,
    store: it.store,
    memifDirectory,
    readOnly: true,
  });
  t.teardown(() => looking.close());
  const heard: string[] = [];
  looking.on("state", ({ id, to }) => heard.push(`${id.cnf} ${to}`));
  const span = puntOf("SPAN", { cnf: "a", interconnect: "MEMIF", subject: 0, unique: 0 });
  const { id } = await writer.add(span);
  await looking.resync();
  t.is(looking.get(id)?.state, "CREATED");
  await it.manager.close();
  await it.vpp.restart();
  await it.client.connected();
  await looking.resync();
  t.is(looking.get(id)?.state, "PENDING");
  t.regex(looking.get(id)!.missing[0]!.text, /steps that the manager of the store has to do/);
  await it.restartManager();
  await it.manager.delete(id);
  await looking.resync();
  t.deepEqual(looking.list(), []);
  t.true(heard.includes("a CREATED") && heard.at(-1) === "a DELETED", heard.join());
});

test("a read-only manager knows why a punt FAILED, also after the end of the process that failed", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const action = { kind: "refuse", error: "UNSPECIFIED" } as const;
  it.vpp.faults.add({ message: "sw_interface_span_enable_disable", action, times: Number.POSITIVE_INFINITY });
  const span = puntOf("SPAN", { cnf: "a", interconnect: "MEMIF", subject: 0, unique: 0 });
  await t.throwsAsync(it.manager.add(span));
  const { id, failure } = it.manager.list()[0]!;
  const looking = await it.restartManager({ readOnly: true });
  await looking.resync();
  t.is(looking.get(id)?.state, "FAILED");
  t.like(looking.get(id)!.failure, {
    item: failure!.item,
    code: "VPP_UNSPECIFIED",
    number: -1,
    message: failure!.message,
  });
  it.vpp.faults.clear();
  const next = await it.restartManager();
  await next.resync();
  t.is(next.get(id)?.state, "CREATED");
  t.deepEqual(Object.keys((await it.store.load())!.notes), [], "the failure is forgotten");
});

test("a read-only manager that reads the store again says nothing of punts that are as they were", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const span = puntOf("SPAN", { cnf: "a", interconnect: "MEMIF", subject: 0, unique: 0 });
  const { id } = await it.manager.add(span, { waitFor: "CREATED" });
  const looking = await it.restartManager({ readOnly: true });
  await looking.resync();
  const heard: string[] = [];
  looking.on("state", ({ to, cause }) => heard.push(`${to} ${cause}`));
  await looking.plan();
  t.deepEqual([looking.get(id)?.state, heard], ["CREATED", []]);
});

test("a manager without options takes them from its store", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  await it.manager.close();
  const store = new MemoryStore();
  const host = new EmulatedHost(it.vpp);
  const named = { owner: "lab", memifDirectory: `${it.directory}/named`, subnets: { ipv4: "10.9.0.0/24" } };
  const first = await PuntManager.start({ vpp: it.client, host, store, ...named });
  for (const type of ["SPAN", "DHCP_PROXY"] as const)
    await first.add(
      puntOf(type, { cnf: type.toLowerCase().replace("_", "-"), interconnect: "MEMIF", subject: 0, unique: 0 }),
    );
  await first.resync();
  const before = first.list();
  t.regex(JSON.stringify(before), /10\.9\.0\.2/);
  await first.close();

  const next = await PuntManager.start({ vpp: it.client, host, store });
  t.teardown(() => next.close());
  await next.resync();
  t.is((await next.plan()).toString(), "nothing to do");
  t.deepEqual(next.list(), before);
  const looking = await PuntManager.start({ vpp: it.client, host, store, readOnly: true });
  t.teardown(() => looking.close());
  await looking.resync();
  t.deepEqual(looking.list(), before);
});
