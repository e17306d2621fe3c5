// A deletion that etcd does not take: the punt stays as it was, and its wish, which was ended, is not written again.
import test from "ava";
import type { Entry, Mirror, Write } from "../../lib/cluster/etcd/index.js";
import { Keys } from "../../lib/cluster/keys.js";
import { acceptedKey } from "../../lib/cluster/records.js";
import { EtcdStore } from "../../lib/cluster/store.js";
import type { Writer } from "../../lib/cluster/writer.js";
import { PuntError } from "../../lib/errors.js";
import { parseRequest, type StoredState } from "../../lib/punt/index.js";

test("a failed deletion does not bring the wish back", async (t) => {
  const keys = new Keys("/vpp-punt", "h1");
  const punts = ["dns", "fw"].map((cnf) =>
    parseRequest({ type: "SPAN", cnf, interconnect: "MEMIF", vppInterface: "eth0" }),
  );
  const entries = new Map<string, Entry>();
  const put = (key: string, value: string) => entries.set(key, { key, value, created: 1, modified: 1 });
  put(keys.key("state", "manager"), "{}");
  for (const [index, request] of punts.entries())
    put(acceptedKey(keys, request), JSON.stringify({ order: index + 1, request }));
  const mirror = {
    get: (key: string) => entries.get(key),
    below: (prefix: string) => [...entries.values()].filter(({ key }) => key.startsWith(prefix)),
  } as unknown as Mirror;
  const written: Write[] = [];
  let fails = true;
  const write = async (writes: readonly Write[]) => {
    if (fails) throw new PuntError("cluster.write", "ERR_ETCD_AWAY", "nothing was changed");
    written.push(...writes);
  };
  const store = new EtcdStore({ mirror, keys, writer: { write } as unknown as Writer, whoAsked: () => "" });
  const state: StoredState = (await store.load())!;
  await t.throwsAsync(store.save({ ...state, punts: punts.slice(1) }), { code: "ERR_ETCD_AWAY" });
  fails = false;
  await store.save(state);
  t.deepEqual(
    written.map(({ key }) => key).filter((key) => /\/(wanted|punts)\//.test(key)),
    [],
  );
});
