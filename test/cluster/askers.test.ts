// The callers of a daemon: each daemon of a process knows its own, and any number of daemons costs Node one storage.
import { AsyncLocalStorage } from "node:async_hooks";
import test from "ava";
import { Askers } from "../../lib/cluster/askers.js";

const punt = { cnf: "cnf", key: "key", label: "label" };
const isThere = () => true;

test("a caller is the caller of one daemon only", async (t) => {
  const [one, other] = [new Askers("one", isThere), new Askers("other", isThere)];
  await one.as("somebody", async () => {
    await Promise.resolve();
    await one.asking([punt], async () => {});
    t.is(one.now, "somebody");
    t.is(other.now, "other");
    await other.as("somebody else", async () => t.deepEqual([one.now, other.now], ["one", "somebody else"]));
  });
  t.is(one.now, "one");
  t.is(one.of(punt as never), "somebody");
});

test("all daemons of a process use one storage", async (t) => {
  const used = new Set<unknown>();
  const { run } = AsyncLocalStorage.prototype;
  AsyncLocalStorage.prototype.run = function (this: unknown, ...rest: never[]) {
    used.add(this);
    return (run as (...all: unknown[]) => never).apply(this, rest);
  } as typeof run;
  t.teardown(() => {
    AsyncLocalStorage.prototype.run = run;
  });
  for (let count = 0; count < 20; count++) await new Askers("daemon", isThere).as("somebody", async () => {});
  t.is(used.size, 1);
});

test("the asker of a punt that is not there, or no more, is forgotten after the last call for it", async (t) => {
  const there = new Set<string>();
  const askers = new Askers("daemon", ({ cnf }) => there.has(cnf));
  const ask = (by: string, call = async () => {}) => askers.as(by, () => askers.asking([punt], call));
  await t.throwsAsync(ask("refused", () => Promise.reject(new Error("refused"))));
  t.is(askers.size, 0);
  there.add("cnf");
  await ask("first");
  t.is(askers.of(punt as never), "first");
  await ask("second", async () => {
    askers.forget(punt);
    t.is(askers.of(punt as never), "second", "the punt is deleted during another call for it");
  });
  t.is(askers.of(punt as never), "second");
  askers.forget(punt);
  t.is(askers.size, 0);
});
