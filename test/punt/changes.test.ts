// Changes of the desired state: several at once, with stores that refuse and listeners that throw. No promise stays pending, and no punt is lost.
import test, { type ExecutionContext } from "ava";
import { PuntError } from "../../lib/errors.js";
import type { MemoryStore, PuntRequestInput, StoredState } from "../../lib/punt/index.js";
import { uncaughtDuring } from "../support/machine/uncaught.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";
import { numbersOf } from "../support/random.js";

function span(cnf: string, vppInterface: string): PuntRequestInput {
  return { cnf, type: "SPAN", interconnect: "MEMIF", vppInterface };
}

/** A store on a disk that can be full. */
class Disk {
  isFull = false;

  constructor(store: MemoryStore) {
    const save = store.save.bind(store);
    store.save = async (state: StoredState) => {
      await new Promise(setImmediate);
      if (this.isFull) throw new PuntError("punt.store", "ENOSPC", "no space");
      await save(state);
    };
  }
}

/** A manager with one punt, and then a full disk. */
async function fullWithOne(t: ExecutionContext): Promise<{ it: ManagedVpp; disk: Disk }> {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const disk = new Disk(it.store);
  await it.manager.add(span("a", "if0"));
  disk.isFull = true;
  return { it, disk };
}

async function outcomes(promises: readonly Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((each) => (each.status === "fulfilled" ? "done" : (each.reason as PuntError).code));
}

function states({ manager }: ManagedVpp): string[] {
  return manager
    .list()
    .map(({ id, request, state }) => `${id.cnf} ${(request as { vppInterface: string }).vppInterface} ${state}`);
}

test("equal punts that are added at once are refused together if the store is full, and can be added later", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const disk = new Disk(it.store);
  disk.isFull = true;
  const both = [it.manager.add(span("a", "if0")), it.manager.add(span("a", "if0"))];
  t.deepEqual(await outcomes(both), ["ENOSPC", "ENOSPC"]);
  t.deepEqual(states(it), []);
  disk.isFull = false;
  t.is((await it.manager.add(span("a", "if0"))).state, "CREATED");
});

test("a punt that is deleted and added with another request at once stays as it was if the store is full", async (t) => {
  const { it, disk } = await fullWithOne(t);
  t.deepEqual(await outcomes([it.manager.delete({ cnf: "a" }), it.manager.add(span("a", "if1"))]), [
    "ENOSPC",
    "ENOSPC",
  ]);
  disk.isFull = false;
  await it.manager.resync();
  t.deepEqual(states(it), ["a if0 CREATED"]);
  t.is((await it.manager.add(span("b", "if1"))).state, "CREATED");
  await it.restartManager();
  await it.manager.resync();
  t.deepEqual(states(it), ["a if0 CREATED", "b if1 CREATED"]);
});

test("a set waits for deletions that other calls began, and is refused with them", async (t) => {
  const { it, disk } = await fullWithOne(t);
  const both = [it.manager.delete({ cnf: "a" }), it.manager.apply({ cnf: "a", punts: [] })];
  t.deepEqual(await outcomes(both), ["ENOSPC", "ENOSPC"]);
  t.deepEqual(states(it), ["a if0 CREATED"]);
  disk.isFull = false;
  const gone = it.manager.delete({ cnf: "a" });
  t.deepEqual((await it.manager.apply({ cnf: "a", punts: [] })).deleted, []);
  t.deepEqual(states(it), []);
  await gone;
});

test("a store may have an interconnect without a punt, and a punt without its interconnect", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  for (const [cnf, card] of [
    ["a", "if0"],
    ["b", "if1"],
  ] as const)
    await it.manager.add(span(cnf, card));
  const state = (await it.store.load())!;
  const [a] = state.punts;
  const [, ofB] = state.interconnects;
  await it.manager.close();
  await it.store.save({ ...state, punts: [a!], interconnects: [ofB!] });
  await it.restartManager();
  await it.manager.resync();
  t.deepEqual(states(it), ["a if0 CREATED"]);
  t.is((await it.manager.add(span("c", "if1"))).state, "CREATED");
});

test.serial("an error that a listener throws surfaces outside of the manager, which goes on", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const problems: PuntError[] = [];
  it.manager.on("problem", (error) => problems.push(error));
  it.manager.on("state", ({ to }) => {
    throw new Error(`listener at ${to}`);
  });
  const caught = await uncaughtDuring(async () => {
    t.is((await it.manager.add(span("a", "if0"))).state, "CREATED");
    t.is((await it.manager.add(span("a", "if0"))).state, "CREATED");
    await it.manager.delete({ cnf: "a" });
  });
  t.deepEqual(problems, []);
  t.deepEqual(
    caught.map((error) => (error as Error).message),
    ["listener at INIT", "listener at CREATED", "listener at DELETED"],
  );
});

for (const seed of [1, 2, 3, 4]) {
  test.serial(
    `in any order, with a store that refuses and listeners that throw, everything settles (${seed})`,
    async (t) => {
      const it = await managedVpp();
      t.teardown(() => it.close());
      const disk = new Disk(it.store);
      const roll = numbersOf(seed);
      it.manager.on("state", () => {
        if (roll(8) === 0) throw new Error("listener");
      });
      const promises: Promise<unknown>[] = [];
      const act = () => {
        const cnf = `cnf${roll(4)}`;
        const request = span(cnf, `if${roll(3)}`);
        const verbs = [
          () => it.manager.add(request),
          () => it.manager.delete({ cnf }),
          () => it.manager.update(request),
          () => it.manager.apply({ cnf, punts: roll(2) === 0 ? [] : [request] }),
        ];
        return verbs[roll(verbs.length)]!();
      };
      const caught = await uncaughtDuring(async () => {
        for (let round = 0; round < 60; round++) {
          disk.isFull = roll(3) === 0;
          for (let many = roll(4); many >= 0; many--) promises.push(act());
          for (let turns = roll(4); turns > 0; turns--) await new Promise(setImmediate);
        }
        disk.isFull = false;
        const settled = await Promise.allSettled(promises);
        for (const one of settled)
          if (one.status === "rejected") t.true(one.reason instanceof PuntError, `${one.reason?.stack}`);
        await it.manager.resync();
      });
      t.true(
        caught.every((error) => (error as Error).message === "listener"),
        String(caught.find((error) => (error as Error).message !== "listener")),
      );
      const before = states(it);
      t.deepEqual(
        new Set((await it.store.load())!.punts.map(({ cnf }) => cnf)),
        new Set(it.manager.list().map(({ id }) => id.cnf)),
      );
      await it.restartManager();
      await it.manager.resync();
      t.deepEqual(states(it).sort(), before.sort());
      t.is((await it.manager.plan()).toString(), "nothing to do");
      for (const { id } of it.manager.list()) await it.manager.delete(id);
      t.deepEqual((await it.store.load())!.interconnects, []);
    },
  );
}
