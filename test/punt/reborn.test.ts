// An interface of others that is deleted and made again at once, with its old name and index: VPP's dumps are as before, and nothing works on it.
import test from "ava";
import type { Facts, Seen, VppInterface } from "../../lib/punt/items/index.js";
import { Reborn } from "../../lib/punt/reconcile/index.js";
import { managedVpp } from "../support/punt/managed-vpp.js";
import { until } from "../support/until.js";

const NO_MAC = "00:00:00:00:00:00";

test("what punts have on it is made again", async (t) => {
  const it = await managedVpp({ resyncInterval: 60_000 });
  t.teardown(() => it.close());
  const { client, manager } = it;
  const fields = { mac_address: NO_MAC, is_specified: true, user_instance: 5 };
  const { sw_if_index } = await client.call("create_loopback_instance", fields);
  await manager.add({ cnf: "a", type: "SPAN", interconnect: "MEMIF", vppInterface: "loop5" }, { waitFor: "CREATED" });
  const sent: string[] = [];
  const next = it.vpp.faults.next.bind(it.vpp.faults);
  it.vpp.faults.next = (message) => {
    sent.push(message);
    return next(message);
  };
  await client.call("delete_loopback", { sw_if_index });
  t.is((await client.call("create_loopback_instance", fields)).sw_if_index, sw_if_index);
  await until(() => sent.filter((name) => name === "sw_interface_span_enable_disable").length === 2);
  await until(() => manager.get({ cnf: "a" })!.state !== "PENDING");
  await manager.resync();
  sent.length = 0;
  await manager.resync();
  t.false(sent.includes("sw_interface_span_enable_disable"), "once");
});

const loop5 = { id: "loop5", swIfIndex: 5 } as VppInterface;
const span = {
  kind: "span",
  key: "span/loop5/memif/device",
  value: { from: "loop5", to: "memif", state: "SPAN_STATE_API_RX", l2: false },
  ours: true,
} as Seen;
const within = (reborn: Reborn, read: Facts) => reborn.within(async () => read);
const facts = { interfaces: [loop5], seen: new Map([[span.key, span]]) } as unknown as Facts;

test("a deletion is remembered until nothing is left to make again, and a later one of the same index beyond that", async (t) => {
  const reborn = new Reborn();
  t.is(await within(reborn, facts), facts);
  reborn.lost(5);
  const first = await within(reborn, facts);
  t.deepEqual([...first.reborn!.keys()], [5]);
  reborn.rebuilt(first, (key) => key === span.key);
  t.deepEqual((await within(reborn, facts)).reborn, first.reborn, "the step failed");
  reborn.lost(5);
  reborn.rebuilt(first, () => false);
  const second = await within(reborn, facts);
  t.deepEqual([...second.reborn!.keys()], [5], "it was deleted once more in between");
  reborn.rebuilt(second, () => false);
  t.is(await within(reborn, facts), facts);
  reborn.lost(7);
  reborn.rebuilt(await within(reborn, facts), () => true);
  t.is(await within(reborn, facts), facts, "nothing of ours was on it");
  reborn.lost(5);
  reborn.reset();
  t.is(await within(reborn, facts), facts);
});

test("a deletion is remembered while a mirror of the interface that is gone is left, which VPP lists for the next one with its index", async (t) => {
  const reborn = new Reborn();
  const left = { ...span, key: "span/?5/memif/device", value: { ...span.value, from: "?5" } } as Seen;
  const gone = { ...facts, interfaces: [], seen: new Map([[left.key, left]]) };
  reborn.lost(5);
  reborn.rebuilt(await within(reborn, gone), () => false);
  t.deepEqual([...(await within(reborn, facts)).reborn!.keys()], [5], "a daemon that has just started leaves it");
  reborn.rebuilt(await within(reborn, { ...gone, seen: new Map() }), () => false);
  t.is(await within(reborn, facts), facts);
});

test("what is deleted during a reading counts for the next one", async (t) => {
  const reborn = new Reborn();
  const read = await reborn.within(async () => {
    reborn.lost(5);
    return facts;
  });
  t.is(read, facts);
  reborn.rebuilt(read, () => false);
  t.deepEqual([...(await within(reborn, facts)).reborn!.keys()], [5]);
});
