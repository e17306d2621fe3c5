// Streams that etcd's client opens after they were given up: nothing would end them.
import test from "ava";
import { Etcd, type EtcdClient } from "../../lib/cluster/etcd/index.js";
import { settled } from "../support/module/life.js";

function late(t: { teardown(end: () => void): void }) {
  const told: string[] = [];
  const stream = {
    on: (event: string) => void told.push(`on ${event}`),
    write: () => void told.push("write"),
    end: () => void told.push("end"),
    cancel: () => void told.push("cancel"),
  };
  let opens = () => {};
  const opened = new Promise<typeof stream>((resolve) => (opens = () => resolve(stream)));
  const open = () => opened;
  const client = {
    leaseClient: { leaseKeepAlive: open },
    watchClient: { watch: open },
    close: () => {},
  } as unknown as EtcdClient;
  const etcd = Etcd.over(client, { endpoints: ["http://nowhere:1"], prefix: "/p", timeout: 1 });
  t.teardown(() => etcd.close());
  return { etcd, told, opens };
}

test("a renewal whose stream opens too late fails, and the stream is canceled", async (t) => {
  const { etcd, told, opens } = late(t);
  await t.throwsAsync(etcd.renew("1"), { code: "ERR_ETCD_AWAY" });
  t.deepEqual(told, []);
  opens();
  await settled();
  t.deepEqual(told, ["on error", "end", "cancel"]);
});

test("a watch whose stream opens too late ends, and the stream is canceled", async (t) => {
  const { etcd, told, opens } = late(t);
  const error = await new Promise((ended) => etcd.watch(["/p/"], 1, { changes: () => t.fail(), ended }));
  t.like(error, { code: "ERR_ETCD_AWAY" });
  opens();
  await settled();
  t.deepEqual(told, ["on error", "end", "cancel"]);
});
