// Watches over a broken connection and a compacted history, and two writers of one punt.
import type { ExecutionContext } from "ava";
import { type Change, Mirror } from "../../lib/cluster/etcd/index.js";
import { Etcd, EtcdPunts } from "../../lib/cluster/index.js";
import type { PuntError } from "../../lib/errors.js";
import { EtcdServer } from "../support/etcd/etcd.js";
import { eventually, span } from "../support/etcd/members.js";
import { EtcdWire } from "../support/etcd/wire.js";
import { need } from "../support/need.js";

const { test: withEtcd } = need("etcd", "etcdctl");

async function connected(t: ExecutionContext, endpoints: string): Promise<Etcd> {
  const etcd = await Etcd.open({ endpoints, timeout: 20_000 });
  t.teardown(() => etcd.close());
  return etcd;
}

for (const isCompacted of [false, true])
  withEtcd(
    `a copy of etcd has what changed while its connection was broken${isCompacted ? ", from a new snapshot where etcd has forgotten it" : ""}`,
    async (t) => {
      const server = await EtcdServer.start(t);
      const wire = await EtcdWire.open(t, server.url);
      for (const name of ["stays", "goes", "changes"]) server.ctl("put", `/p/${name}`, "old");
      const seen: Change[] = [];
      const mirror = new Mirror(await connected(t, wire.url), ["/p/"], {
        changed: (changes) => void seen.push(...changes),
        reached: () => {},
      });
      t.teardown(() => mirror.close());
      mirror.start();
      await eventually(() => seen.length === 3);
      wire.break();
      server.ctl("put", "/p/changes", "new");
      server.ctl("del", "/p/goes");
      server.ctl("put", "/p/comes", "new");
      if (isCompacted) server.compact();
      await eventually(() => mirror.get("/p/comes") && mirror.isReached);
      const now = mirror.below("/p/").map(({ key, value }) => `${key} ${value}`);
      t.deepEqual(now.sort(), ["/p/changes new", "/p/comes new", "/p/stays old"]);
      const news = seen.slice(3).map(({ key, entry }) => `${key} ${entry?.value ?? "gone"}`);
      t.deepEqual(news.sort(), ["/p/changes new", "/p/comes new", "/p/goes gone"]);
    },
  );

withEtcd("a snapshot that etcd read before a write of this process does not take the write back", async (t) => {
  const server = await EtcdServer.start(t);
  for (const name of ["changes", "goes"]) server.ctl("put", `/p/${name}`, "old");
  const etcd = await connected(t, server.url);
  const judged: string[] = [];
  const mirror = new Mirror(etcd, ["/p/"], {
    judge: (found) => void judged.push([...found.values()].map(({ key, value }) => `${key} ${value}`).join()),
    changed: () => {},
    reached: () => {},
  });
  t.teardown(() => mirror.close());
  mirror.start();
  await eventually(() => mirror.isReached);
  const { range } = etcd;
  etcd.range = async (prefix) => {
    const snapshot = await range.call(etcd, prefix);
    etcd.range = range;
    const revision = await etcd.write(
      [],
      [{ key: "/p/changes", value: "new" }, { key: "/p/comes", value: "new" }, { key: "/p/goes" }],
    );
    mirror.wrote("/p/changes", "new", revision!);
    mirror.wrote("/p/comes", "new", revision!);
    mirror.wrote("/p/goes", undefined, revision!);
    return snapshot;
  };
  await mirror.resync();
  t.is(judged.at(-1), "/p/changes new,/p/comes new");
  t.deepEqual(
    mirror
      .below("/p/")
      .map(({ key, value }) => `${key} ${value}`)
      .sort(),
    ["/p/changes new", "/p/comes new"],
  );
});

withEtcd("a watch from a revision has the changes since; where etcd has forgotten them it says so", async (t) => {
  const server = await EtcdServer.start(t);
  const etcd = await connected(t, server.url);
  server.ctl("put", "/p/one", "1");
  const { revision } = await etcd.range("/p/");
  for (const value of ["2", "3"]) server.ctl("put", "/p/one", value);
  const values: (string | undefined)[] = [];
  const changes = (news: readonly Change[]) => void values.push(...news.map(({ entry }) => entry?.value));
  const stop = etcd.watch(["/p/"], revision + 1, { changes, ended: () => {} });
  await eventually(() => values.length === 2);
  stop();
  t.deepEqual(values, ["2", "3"]);
  server.compact();
  const error = await new Promise<unknown>((ended) => etcd.watch(["/p/"], revision + 1, { changes, ended }));
  t.is((error as PuntError).code, "ERR_ETCD_COMPACTED");
  t.is(values.length, 2);
});

withEtcd("an operator's watch goes on over a broken connection and a compaction", async (t) => {
  const server = await EtcdServer.start(t);
  const wire = await EtcdWire.open(t, server.url);
  const writer = new EtcdPunts(await connected(t, server.url), { host: "h1", by: () => "writer" });
  const watcher = new EtcdPunts(await connected(t, wire.url), { host: "h1", by: () => "watcher" });
  await writer.add(span("dns"));
  const end = new AbortController();
  const seen: string[] = [];
  const watching = (async () => {
    for await (const event of watcher.watch({ signal: end.signal }))
      if (event.kind === "snapshot") seen.push(`snapshot ${event.punts.map(({ id }) => id.cnf)}`);
      else if (event.kind === "change") seen.push(`${event.event.id.cnf} ${event.event.to}`);
  })();
  await eventually(() => seen.length === 1);
  wire.cut();
  await writer.delete({ cnf: "dns" });
  await writer.add(span("dhcp"));
  server.compact();
  wire.join();
  await eventually(() => seen.length === 3);
  end.abort();
  await watching;
  t.deepEqual(seen, ["snapshot dns", "dhcp PENDING", "dns DELETED"]);
});

withEtcd("of two writers of one punt, the second one gets ERR_CHANGED_ELSEWHERE", async (t) => {
  const server = await EtcdServer.start(t);
  const etcd = await connected(t, server.url);
  const slow = new EtcdPunts(etcd, { host: "h1", by: () => "slow" });
  const quick = new EtcdPunts(await connected(t, server.url), { host: "h1", by: () => "quick" });
  await slow.add(span("dns"));
  /** Lets `quick` write after the other has read. */
  const beforeTheNextWrite = (change: () => Promise<unknown>) => {
    const { write } = etcd;
    etcd.write = async (...args) => {
      etcd.write = write;
      await change();
      return etcd.write(...args);
    };
  };
  beforeTheNextWrite(() => quick.update(span("dns", { direction: "rx" })));
  await t.throwsAsync(slow.update(span("dns", { direction: "tx" })), { code: "ERR_CHANGED_ELSEWHERE" });
  beforeTheNextWrite(() => quick.delete({ cnf: "dns" }));
  await t.throwsAsync(slow.update(span("dns", { direction: "tx" })), { code: "ERR_CHANGED_ELSEWHERE" });
  beforeTheNextWrite(() => quick.add(span("ntp", { direction: "rx" })));
  await t.throwsAsync(slow.add(span("ntp")), { code: "ERR_CHANGED_ELSEWHERE" });
  const [status] = await slow.list();
  t.deepEqual([status!.id.cnf, "direction" in status!.request && status!.request.direction], ["ntp", "rx"]);
});

withEtcd("a wait for a punt whose wish another operator ends is over, as is its part of a set", async (t) => {
  const server = await EtcdServer.start(t);
  const waits = new EtcdPunts(await connected(t, server.url), { host: "h1", by: () => "waits" });
  const ends = new EtcdPunts(await connected(t, server.url), { host: "h1", by: () => "ends" });
  const end = async (cnf: string) => {
    await eventually(() => ends.get({ cnf }));
    await ends.delete({ cnf });
  };
  const options = { waitFor: "CREATED", timeout: 2_000, keep: true } as const;
  const added = t.throwsAsync(waits.add(span("dns"), { waitFor: "CREATED" }), {
    code: "ECANCELED",
    message: /dns.*was deleted/,
  });
  await end("dns");
  await added;
  const applied = waits.apply({ punts: [span("ntp"), span("fw")] }, options);
  const [{ failed, ...others }] = await Promise.all([applied, end("ntp")]);
  t.deepEqual(others, { added: [], updated: [], unchanged: [], deleted: [] });
  t.deepEqual(failed.map(({ id, error }) => `${id.cnf} ${error.code}`).sort(), ["fw ETIMEDOUT", "ntp ECANCELED"]);
  t.regex(
    failed.find(({ id }) => id.cnf === "fw")!.error.message,
    /fw.* is PENDING after 2000 ms, waiting for a daemon that acts/,
  );
});
