// A daemon claims the lead only when the last term is over in etcd, whatever its own copy of etcd has heard so far.
import test from "ava";
import type { Condition, Etcd, Mirror } from "../../lib/cluster/etcd/index.js";
import { Keys } from "../../lib/cluster/keys.js";
import { Leadership } from "../../lib/cluster/leadership.js";

const keys = new Keys("/test", "h");
const OPTIONS = { ttl: 6, daemon: "second", addresses: [] };

/** An etcd in which another daemon's term is written, whose lease lives for some looks. */
function etcdWith(looks: number) {
  const claims: { looksLeft: number; conditions: readonly Condition[] }[] = [];
  let left = looks;
  let look = () => {};
  const looked = new Promise<void>((resolve) => {
    look = resolve;
  });
  const etcd = {
    get: async (key: string) =>
      key === keys.term
        ? { key, value: JSON.stringify({ lease: "7", daemon: "first" }), created: 3, modified: 9 }
        : undefined,
    remaining: async () => {
      look();
      return left-- > 0 ? 1 : -1;
    },
    grant: async () => ({ id: "8", seconds: 6 }),
    renew: async () => 6,
    revoke: async () => {},
    write: async (conditions: readonly Condition[]) => {
      claims.push({ looksLeft: Math.max(0, left), conditions });
      return 12;
    },
  };
  return { claims, looked, etcd: etcd as unknown as Etcd };
}

/** A copy that has heard that the leader's key is gone, and not yet of the term before that. */
const BEHIND = { isReached: true, revision: 5, get: () => undefined } as unknown as Mirror;

test("a daemon whose copy lacks the last term waits for that term's lease, and claims only after that term", async (t) => {
  const { claims, etcd } = etcdWith(2);
  const acquired = new Promise<void>((resolve) => {
    const leadership = new Leadership(etcd, BEHIND, keys, OPTIONS, { acquired: resolve, lost: () => {} });
    leadership.start();
    t.teardown(() => leadership.close());
  });
  await acquired;
  t.deepEqual(claims, [
    {
      looksLeft: 0,
      conditions: [
        { key: keys.leader, created: 0 },
        { key: keys.term, modified: 9 },
      ],
    },
  ]);
});

test("a daemon that is closed while the last term goes on claims nothing: the next one would take that term for over", async (t) => {
  const { claims, looked, etcd } = etcdWith(Number.POSITIVE_INFINITY);
  const acquired = () => t.fail("the last term goes on");
  const leadership = new Leadership(etcd, BEHIND, keys, OPTIONS, { acquired, lost: () => {} });
  leadership.start();
  await looked;
  await leadership.close();
  t.deepEqual(claims, []);
});
