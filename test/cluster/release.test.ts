// A daemon that ends gives the lead up, so that the next one acts at once.
import test from "ava";
import { away, etcdError } from "../../lib/cluster/etcd/errors.js";
import { Keys } from "../../lib/cluster/keys.js";
import { Leadership } from "../../lib/cluster/leadership.js";
import { Gate } from "../support/gate.js";

const LATE = away("cluster.etcd", ["http://e:1"], "4 DEADLINE_EXCEEDED: Deadline exceeded");
const GONE = away("cluster.etcd", ["http://e:1"], "x", new Error("14 UNAVAILABLE: No connection established"));
const ENDED = etcdError(
  "cluster.etcd",
  ["http://e:1"],
  new Error("5 NOT_FOUND: etcdserver: requested lease not found"),
);

for (const [title, answers, calls] of [
  ["gets the request again after a late answer", [LATE, LATE, undefined], 3],
  ["has carried out the request that it answered too late", [LATE, ENDED], 2],
  ["gets the request once if no server listens", [GONE], 1],
] as const) {
  test(`etcd, which ends the lease of a daemon that ends, ${title}`, async (t) => {
    const asked: string[] = [];
    const etcd = {
      get: async () => undefined,
      grant: async (seconds: number) => ({ id: "7", seconds }),
      write: async () => 1,
      renew: async () => 6,
      revoke: async (id: string) => {
        const answer = answers[asked.push(id) - 1];
        if (answer !== undefined) throw answer;
      },
    };
    const mirror = { isReached: true, revision: 1, get: () => undefined };
    const options = { ttl: 6, daemon: "one", addresses: [] };
    const gate = new Gate();
    const handlers = { acquired: () => gate.open(), lost: () => {} };
    const leadership = new Leadership(etcd as never, mirror as never, new Keys("/p", "h1"), options, handlers);
    leadership.start();
    await gate.pass();
    await leadership.close();
    t.deepEqual(asked, Array(calls).fill("7"));
  });
}
