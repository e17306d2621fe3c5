// The callers of a daemon: each daemon of a process knows its own, and any number of daemons costs Node one storage.
import { AsyncLocalStorage } from "node:async_hooks";
import test from "ava";
import { Askers } from "../../lib/cluster/askers.js";

const punt = { cnf: "cnf", key: "key", label: "label" };

test("a caller is the caller of one daemon only", async (t) => {
  const [one, other] = [new Askers("one"), new Askers("other")];
  await one.as("somebody", async () => {
    await Promise.resolve();
    one.asked([punt]);
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
  for (let count = 0; count < 20; count++) await new Askers("daemon").as("somebody", async () => {});
  t.is(used.size, 1);
});
