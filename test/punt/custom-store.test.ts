// Stores of programs: a loaded state is checked, and a save that never ends holds up neither a call with a timeout nor the manager's end.
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import { MemoryStore, PuntManager, type Store } from "../../lib/punt/index.js";
import { storedWithin } from "../../lib/punt/store/custom.js";
import { Saver } from "../../lib/punt/store/saver.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

const request = { cnf: "cnf1", type: "SPAN", interconnect: "MEMIF", vppInterface: "if0" } as const;
const vpp = { call() {}, on() {}, off() {}, isConnected: false } as never;
const never = () => new Promise<never>(() => {});

class RedisStore extends MemoryStore {
  readonly #state: unknown;

  constructor(state: unknown) {
    super();
    this.#state = state;
  }

  override async load() {
    return this.#state as never;
  }
}

const empty = { punts: [], interconnects: [], namespaces: [], claims: {}, notes: {} };
const NO_STATES: readonly unknown[] = [
  ...[{}, [], "state", 7, true, { ...empty, punts: {} }, { ...empty, punts: [null] }],
  ...[
    { ...empty, claims: [] },
    { ...empty, interconnects: [{}] },
    { ...empty, namespaces: undefined },
  ],
];

test("a store that loads no state is refused by name", async (t) => {
  for (const state of NO_STATES)
    for (const readOnly of [false, true]) {
      const refused = { instanceOf: PuntError, code: "ERR_STORE_DAMAGED", message: /load\(\) of the store RedisStore/ };
      await t.throwsAsync(PuntManager.start({ vpp, store: new RedisStore(state), readOnly }), refused);
    }
  const unnamed: Store = { load: async () => ({}) as never, save: async () => {} };
  await t.throwsAsync(PuntManager.start({ vpp, store: unnamed }), { message: /load\(\) of the manager's store/ });
  for (const state of [undefined, null, empty])
    await (await PuntManager.start({ vpp, store: new RedisStore(state) })).close();
});

test("a manager that only reads has no punts any more when its store has none", async (t) => {
  const store = new MemoryStore();
  const it = await managedVpp({ store });
  t.teardown(() => it.close());
  await it.manager.add(request, { waitFor: "CREATED" });
  const emptied = new RedisStore(await store.load());
  const reader = await PuntManager.start({ vpp: it.client, store: emptied, readOnly: true });
  t.teardown(() => reader.close());
  await reader.resync();
  t.deepEqual(
    reader.list().map(({ state }) => state),
    ["CREATED"],
  );
  emptied.load = async () => undefined as never;
  await reader.resync();
  t.deepEqual(reader.list(), []);
});

test("a save that never ends holds up neither a change with a timeout nor close", async (t) => {
  const store = new MemoryStore();
  const it = await managedVpp({ store });
  t.teardown(() => it.close());
  await it.manager.add(request, { waitFor: "CREATED" });
  store.save = never;
  const late = { instanceOf: PuntError, code: "ETIMEDOUT", message: /the store has not saved the punts/ };
  const other = { ...request, key: "other" };
  const waiting = t.throwsAsync(it.manager.add({ ...request, key: "third" }), late);
  await Promise.all([
    t.throwsAsync(it.manager.add(other, { timeout: 10 }), late),
    t.throwsAsync(it.manager.update({ ...request, vppInterface: "if1" }, { timeout: 10 }), late),
    t.throwsAsync(it.manager.apply({ cnf: "cnf2", punts: [{ ...request, cnf: "cnf2" }] }, { timeout: 10 }), late),
  ]);
  await t.throwsAsync(it.manager.delete({ cnf: "cnf1" }, { timeout: 10 }), {
    ...{ code: "ETIMEDOUT", message: /cnf1 is not deleted after 10 ms/ },
  });
  await Promise.all([waiting, it.manager.close()]);
});

test("a change that comes while a write without changes fails is made", async (t) => {
  const store = new MemoryStore();
  const it = await managedVpp({ store });
  t.teardown(() => it.close());
  const save = store.save.bind(store);
  let saves = 0;
  let refuse = (_: Error) => {};
  const failing = new Promise<void>((resolve) => {
    // The second write has the claims on the objects of the punt that the first one accepted.
    store.save = (state) => {
      saves += 1;
      if (saves !== 2) return save(state);
      resolve();
      return new Promise((_, reject) => {
        refuse = reject;
      });
    };
  });
  const second = it.manager.add({ ...request, key: "second" }, { waitFor: "CREATED" });
  await failing;
  const third = it.manager.add({ ...request, key: "third" }, { waitFor: "CREATED" });
  await new Promise(setImmediate);
  refuse(new Error("the disk is full"));
  t.is((await third).state, "CREATED");
  t.is((await second).state, "CREATED");
  t.true(saves > 2);
});

test("a saver gives up a write that is under way, and those behind it", async (t) => {
  const failed: unknown[] = [];
  const begin = () => ({
    state: empty,
    committed: () => t.fail(),
    failed: (error: unknown) => void failed.push(error),
  });
  const saver = new Saver({ load: never, save: never }, begin, 10);
  const first = saver.save();
  await new Promise(setImmediate);
  const second = saver.save();
  saver.giveUpSoon();
  await t.throwsAsync(first, { code: "ETIMEDOUT" });
  await t.throwsAsync(second, { code: "ETIMEDOUT" });
  await saver.idle();
  t.is(failed.length, 2);
});

test("a change waits for its store without a limit, at least a second with one, and leaves no timer", async (t) => {
  const turns = async () => {
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 2));
    return "stored";
  };
  t.is(await storedWithin(turns(), undefined, "punt.add"), "stored");
  t.is(await storedWithin(turns(), 0, "punt.add"), "stored");
  t.is(await storedWithin("at once", 5, "punt.add"), "at once");
  const own = new PuntError("punt.add", "EIO", "mine");
  t.is(await t.throwsAsync(storedWithin(Promise.reject(own), 5, "punt.add")), own);
  const late = { code: "ETIMEDOUT", message: "punt.update: the store has not saved the punts for 1000 ms" };
  t.like(await t.throwsAsync(storedWithin(never(), 1, "punt.update"), late), { op: "punt.update" });
});
