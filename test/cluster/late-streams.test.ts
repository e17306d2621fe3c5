// Streams that etcd's client opens after they were given up: nothing would end them.
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { Etcd, type EtcdClient } from "../../lib/cluster/etcd/index.js";

function late(t: { teardown(end: () => void): void }) {
  const told: string[] = [];
  const stream = {
    on: (event: string) => void told.push(`on ${event}`),
    write: () => void told.push("write"),
    end: () => void told.push("end"),
    cancel: () => void told.push("cancel"),
  };
  const open = () => sleep(100, stream);
  const client = {
    leaseClient: { leaseKeepAlive: open },
    watchClient: { watch: open },
    close: () => {},
  } as unknown as EtcdClient;
  const etcd = Etcd.over(client, { endpoints: ["http://nowhere:1"], prefix: "/p", timeout: 1 });
  t.teardown(() => etcd.close());
  return { etcd, told };
}

test("a renewal whose stream opens too late fails, and the stream is canceled", async (t) => {
  const { etcd, told } = late(t);
  await t.throwsAsync(etcd.renew("1"), { code: "ERR_ETCD_AWAY" });
  t.deepEqual(told, []);
  await sleep(150);
  t.deepEqual(told, ["on error", "end", "cancel"]);
});

test("a watch whose stream opens too late ends, and the stream is canceled", async (t) => {
  const { etcd, told } = late(t);
  const error = await new Promise((ended) => etcd.watch(["/p/"], 1, { changes: () => t.fail(), ended }));
  t.like(error, { code: "ERR_ETCD_AWAY" });
  await sleep(150);
  t.deepEqual(told, ["on error", "end", "cancel"]);
});
