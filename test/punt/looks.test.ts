// The times at which the manager reads VPP, and the order of its reads, writes and answers.
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";
import { puntOf, puntTypes } from "../support/punt/punts.js";
import { until } from "../support/until.js";
import { changes, type Tap, tapped } from "../support/vpp/tapped.js";

/** Only events make the manager read VPP. */
const eventsOnly = { resyncInterval: 600_000 };
/** Milliseconds; longer than the manager gathers events. */
const afterEvents = 150;

/** Starts a manager with a tapped connection. */
async function managed(tap: Tap): Promise<ManagedVpp> {
  const it = await managedVpp();
  await it.restartManager({ ...eventsOnly, vpp: tapped(it.client, tap) });
  await it.manager.resync();
  return it;
}

for (const interconnect of ["TAP", "MEMIF"] as const) {
  test(`events of the manager's own changes start no look, events of other changes do (${interconnect})`, async (t) => {
    let looks = 0;
    const it = await managed({
      hear(name) {
        if (name === "sw_interface_dump") looks++;
      },
    });
    t.teardown(() => it.close());
    const settled = async () => {
      // VPP's events come before its answer.
      await it.client.call("control_ping");
      await sleep(afterEvents);
      return looks;
    };
    for (const [index, type] of puntTypes.entries()) {
      const place = { cnf: type, interconnect, subject: index % 2, unique: index, folder: it.directory };
      const { id } = await it.manager.add(puntOf(type, place), { waitFor: "CREATED" });
      const created = looks;
      t.is(await settled(), created, `${type} added`);
      await it.manager.delete(id);
      const deleted = looks;
      t.is(await settled(), deleted, `${type} deleted`);
    }
    await it.client.call("sw_interface_set_flags", { sw_if_index: it.vpp.interface("if0").swIfIndex, flags: [] });
    const before = looks;
    await until(() => looks > before);
  });
}

test("a punt that waits for an interface is created when the interface comes", async (t) => {
  const it = await managedVpp(eventsOnly);
  t.teardown(() => it.close());
  const punt = { cnf: "a", type: "SPAN", interconnect: "MEMIF", vppInterface: "loop7" } as const;
  t.is((await it.manager.add(punt)).state, "PENDING");
  const created = it.manager.add(punt, { waitFor: "CREATED" });
  await it.client.call("create_loopback_instance", {
    mac_address: "02:fb:00:00:00:07",
    is_specified: true,
    user_instance: 7,
  });
  // A new loopback is down.
  t.is((await created).state, "DEGRADED");
});

test("no call waits without an end for a VPP that is connected and does not answer", async (t) => {
  let isSilent = false;
  const silence = new PuntError("binapi.call", "ERR_TIMEOUT", "sw_interface_dump: no answer from VPP for 10000 ms");
  const it = await managed({
    hear(name) {
      if (isSilent && name === "sw_interface_dump") throw silence;
    },
  });
  t.teardown(() => it.close());
  const place = { interconnect: "MEMIF", subject: 0 } as const;
  const { id } = await it.manager.add(puntOf("SPAN", { ...place, cnf: "a", unique: 0 }), { waitFor: "CREATED" });
  isSilent = true;
  const added = await it.manager.add(puntOf("SPAN", { ...place, cnf: "b", unique: 1 }));
  t.is(added.state, "PENDING");
  t.deepEqual(
    added.missing.map(({ text }) => text),
    [`a look at VPP that succeeds: ${silence.message}`],
  );
  await t.throwsAsync(it.manager.delete(id), { code: "ERR_TIMEOUT" });
  t.is(it.manager.get(id)?.state, "FAILED");
  isSilent = false;
  await it.manager.resync();
  t.deepEqual(
    it.manager.list().map(({ id: { cnf }, state }) => `${cnf} ${state}`),
    ["b CREATED"],
  );
});

test("a punt is FAILED, never CREATED, if VPP confirms an item and does not have it", async (t) => {
  const it = await managed({
    answer: (name) => (name === "sw_interface_span_enable_disable" ? { retval: 0 } : undefined),
  });
  t.teardown(() => it.close());
  const states: string[] = [];
  it.manager.on("state", ({ to }) => states.push(to));
  const punt = puntOf("SPAN", { cnf: "a", interconnect: "MEMIF", subject: 0, unique: 0 });
  const error = await t.throwsAsync(it.manager.add(punt), { instanceOf: PuntError, code: "ERR_NOT_KEPT" });
  t.regex(String(error.details.item), /^span\//);
  t.deepEqual([...new Set(states)], ["INIT", "FAILED"]);
});

test("the store has a punt before VPP is touched for it, and loses it before its objects are deleted", async (t) => {
  const heard: string[] = [];
  const it = await managed({ hear: (name) => void (changes(name) && heard.push(name)) });
  t.teardown(() => it.close());
  const save = it.store.save.bind(it.store);
  const atSave: { punts: number; heard: number }[] = [];
  it.store.save = async (state) => {
    await sleep(20);
    atSave.push({ punts: state.punts.length, heard: heard.length });
    await save(state);
  };
  const { id } = await it.manager.add(puntOf("SPAN", { cnf: "a", interconnect: "TAP", subject: 0, unique: 0 }));
  // The second time with claims on what it makes.
  t.deepEqual(atSave, [
    { punts: 1, heard: 0 },
    { punts: 1, heard: 0 },
  ]);
  const made = heard.length;
  t.true(made > 0);
  await it.manager.delete(id);
  t.deepEqual(atSave.at(-1), { punts: 0, heard: made });
  t.true(heard.length > made);
});

test("if the store cannot be written, nothing is done and the punts stay as they were", async (t) => {
  const heard: string[] = [];
  const it = await managed({ hear: (name) => void (changes(name) && heard.push(name)) });
  t.teardown(() => it.close());
  const kept = puntOf("ABX", { cnf: "kept", interconnect: "TAP", subject: 0, unique: 0 });
  const { id } = await it.manager.add(kept);
  heard.length = 0;
  const save = it.store.save.bind(it.store);
  it.store.save = async () => {
    throw new PuntError("punt.store", "ENOSPC", "the disk is full");
  };
  const other = puntOf("ABX", { cnf: "other", interconnect: "TAP", subject: 0, unique: 1 });
  await t.throwsAsync(it.manager.add(other), { code: "ENOSPC" });
  await t.throwsAsync(it.manager.delete(id), { code: "ENOSPC" });
  await it.manager.resync();
  t.deepEqual(heard, []);
  t.deepEqual(
    it.manager.list().map((one) => `${one.id.cnf} ${one.state}`),
    ["kept CREATED"],
  );
  it.store.save = save;
  t.is((await it.manager.add(other)).state, "CREATED");
  await it.manager.delete(id);
});

test("a read-only manager changes nothing and throws ERR_READ_ONLY", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const punt = puntOf("SPAN", { cnf: "a", interconnect: "TAP", subject: 0, unique: 0 });
  const { id } = await it.manager.add(punt);
  const heard: string[] = [];
  const tap = { hear: (name: string) => void (changes(name) && heard.push(name)) };
  const manager = await it.restartManager({ readOnly: true, vpp: tapped(it.client, tap) });
  for (const work of [() => manager.add(punt), () => manager.update(punt), () => manager.delete(id)])
    await t.throwsAsync(work, { code: "ERR_READ_ONLY" });
  await manager.resync();
  t.is((await manager.plan()).toString(), "nothing to do");
  t.is((await manager.plan({ delete: [id] })).punts.length, 0);
  t.is(manager.list().length, 1);
  t.deepEqual(heard, []);
});

test("a manager that is closed while it subscribes to events does not follow them", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const vpp = tapped(it.client, {});
  const { subscribe } = vpp;
  const closed = new Promise<void>((resolve) => {
    vpp.subscribe = async (...args) => {
      const events = await subscribe(...args);
      const close = events.close.bind(events);
      events.close = () => {
        resolve();
        return close();
      };
      return events;
    };
  });
  await (await it.restartManager({ vpp })).close();
  await t.notThrowsAsync(closed);
});
