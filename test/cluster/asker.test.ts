// A question through etcd that could not be written, and that it leaves nothing behind.
import test from "ava";
import { ask } from "../../lib/cluster/asker.js";
import type { Etcd } from "../../lib/cluster/etcd/index.js";
import { Keys } from "../../lib/cluster/keys.js";

/** An etcd that takes no question. It reads at once, or once the write has failed. */
function etcdThatTakesNothing(readsAtOnce: boolean) {
  const closing = new AbortController();
  const seen = { watches: 0, stopped: 0, revoked: 0 };
  let fail = () => {};
  const failed = new Promise<void>((resolve) => {
    fail = resolve;
  });
  const etcd = {
    closing: closing.signal,
    grant: async () => ({ id: "lease" }),
    renew: async () => {},
    revoke: async () => void seen.revoked++,
    async range() {
      if (!readsAtOnce) await failed;
      return { revision: 1, entries: [] };
    },
    async write() {
      for (let i = 0; i < 5; i++) await new Promise(setImmediate);
      setImmediate(fail);
      throw new Error("etcd is away");
    },
    watch() {
      seen.watches++;
      return () => void seen.stopped++;
    },
  };
  return { etcd: etcd as unknown as Etcd, seen };
}

for (const readsAtOnce of [true, false])
  test(`a question that could not be written leaves no watch, ${readsAtOnce ? "after" : "before"} the first look for an answer`, async (t) => {
    const { etcd, seen } = etcdThatTakesNothing(readsAtOnce);
    const question = { call: "delete", id: { cnf: "a", key: "", label: "" } };
    const asker = { by: "somebody", through: "a daemon" };
    const asking = ask(etcd, new Keys("/p/", "host"), question as never, { asker, longest: 3_600_000 } as never);
    await t.throwsAsync(asking, { message: "etcd is away" });
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    t.is(seen.watches, readsAtOnce ? 1 : 0);
    t.deepEqual(seen, { ...seen, stopped: seen.watches, revoked: 1 });
  });
