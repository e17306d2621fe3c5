// One configuration item over a manager that the test plays.
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import { SILENT } from "../../lib/logger.js";
import type { PuntId } from "../../lib/punt/index.js";
import { PuntRequest_PuntType as PuntType } from "../../lib/stonework/gen/puntmgr/puntmgr_pb.js";
import { ConfigItem } from "../../lib/stonework/orchestrator/item.js";
import { until } from "../support/until.js";

const span = (label: string) => ({
  ...{ label, puntType: PuntType.SPAN, interconnectType: 1, enableGso: false },
  config: { case: "span", value: { vppInterface: "eth0" } },
});

/** An item of a CNF that asks for punts of these labels. */
function play(labels: string[]) {
  const deleted: string[] = [];
  const applied: string[][] = [];
  const store = { isFull: false, asked: () => {} };
  let isRemoved = false;
  const punts = {
    get: async () => ({}),
    async delete({ label }: PuntId) {
      if (store.isFull) throw new PuntError("punt.delete", "ENOSPC", "the disk is full");
      deleted.push(label);
    },
    async apply({ punts: requests }: { readonly punts: readonly PuntId[] }) {
      applied.push(requests.map(({ label }) => label));
      return { failed: [] };
    },
  };
  const cnf = {
    label: "a",
    models: new Map([["m", { withDeps: false, withPunt: true }]]),
    async puntRequests() {
      store.asked();
      return labels.map(span);
    },
    announce: async () => true,
    configure: async () => true,
  };
  const item = new ConfigItem("config/m/x", { id: { model: "m", name: "x" } } as never, {
    ...{ punts: punts as never, deadline: 1000, log: SILENT },
    cnf: () => cnf as never,
    isDiscovered: () => true,
    allowed: (_cnf, _wish, change) => change(),
    netns: async () => undefined,
    status: () => undefined,
    removed: () => {
      isRemoved = true;
    },
    isUsedByOthers: () => false,
  });
  const look = async () => {
    item.ask();
    await item.settled();
  };
  return { item, store, deleted, applied, look, isRemoved: () => isRemoved, want: (next: string[]) => (labels = next) };
}

test("the punts of a deleted item go once the store takes their deletion", async (t) => {
  const { item, store, deleted, look, isRemoved } = play(["one", "two"]);
  await look();
  store.isFull = true;
  item.delete();
  await item.settled();
  t.is(item.situation.state, "FAILED");
  t.false(isRemoved());
  store.isFull = false;
  await until(() => item.situation.state === "REMOVED");
  t.true(isRemoved());
  t.deepEqual(deleted, ["one", "two"]);
});

test("two punts of one item with the same label are refused, and neither takes the other's place", async (t) => {
  const { item, applied, look } = play(["one", "", "two", ""]);
  t.teardown(() => item.close());
  await look();
  t.like(item.situation, { state: "FAILED", message: 'a asks for two punts with the label ""' });
  t.deepEqual(applied, []);
});

test.serial("an item that fails after its end makes no further attempt", async (t) => {
  const { item, store } = play([]);
  const timers = () => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
  const before = timers();
  store.asked = () => {
    item.close();
    throw new Error("the CNF is away");
  };
  item.ask();
  await item.settled();
  t.is(item.situation.state, "FAILED");
  t.is(timers(), before);
});

test("a punt whose deletion failed stays if the item asks for it again", async (t) => {
  const { item, store, deleted, applied, look, want } = play(["one", "two"]);
  t.teardown(() => item.close());
  await look();
  store.isFull = true;
  want(["two", "three"]);
  await look();
  t.is(item.situation.state, "FAILED");
  want(["one", "two"]);
  store.isFull = false;
  await look();
  t.deepEqual([deleted, applied.at(-1)], [[], ["one", "two"]]);
});
