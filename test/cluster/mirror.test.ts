// The copy of etcd's keys over a long time.
import test from "ava";
import type { Change, Etcd } from "../../lib/cluster/etcd/index.js";
import { Mirror } from "../../lib/cluster/etcd/index.js";
import { heapAfterGc } from "../support/machine/heap.js";

test("writes of keys that are gone again leave nothing behind", async (t) => {
  let echo = (_: readonly Change[]) => {};
  const etcd = {
    range: async () => ({ revision: 1, entries: [] }),
    watch: (_prefixes: unknown, _revision: unknown, { changes }: { changes: typeof echo }) => {
      echo = changes;
      return () => {};
    },
  } as unknown as Etcd;
  const isReached = new Promise<void>((resolve) => {
    const mirror = new Mirror(etcd, ["/p/"], { changed: () => {}, reached: () => resolve() });
    t.teardown(() => mirror.close());
    mirror.start();
    t.context = mirror;
  });
  await isReached;
  await new Promise((resolve) => setImmediate(resolve));
  const mirror = t.context as Mirror;
  const before = heapAfterGc();
  for (let revision = 2; revision < 200_000; revision += 2) {
    const key = `/p/a-punt-whose-name-is-used-only-once/${revision}`;
    mirror.wrote(key, "", revision);
    mirror.wrote(key, undefined, revision + 1);
    echo([{ key, revision: revision + 1 }]);
  }
  t.true(heapAfterGc() - before < 5);
  t.deepEqual(mirror.below("/p/"), []);
});
