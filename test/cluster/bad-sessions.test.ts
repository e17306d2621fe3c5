// Sessions in etcd that cannot be read: the daemon that acts says so, writes nothing over them, and makes punts that stay.
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { Daemon } from "../../lib/daemon/index.js";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { EmulatedHost } from "../../lib/punt/index.js";
import { eventually, Members, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const KEY = "/vpp-punt/state/h1/kept/sessions";

async function acting(t: ExecutionContext, { directory, vpp, etcd }: Members): Promise<string> {
  const socket = join(directory, "manager.sock");
  const daemon = await Daemon.start({
    ...{ socket, vppSocket: vpp.apiSocket, socketDirectory: join(directory, "sockets") },
    etcd: { endpoints: etcd.url, host: "h1", name: "one", lease: 10 },
    manager: { host: new EmulatedHost(vpp), memifDirectory: join(directory, "memif"), resyncInterval: 500 },
  });
  t.teardown(() => daemon.close());
  return socket;
}

function clientOf(t: ExecutionContext, socket: string, session?: { cnf: string; grace: number }): RemotePunts {
  const client = new RemotePunts({ socket, ...(session && { session }) });
  t.teardown(() => client.close());
  return client;
}

need("etcd", "etcdctl").test(
  "a session is refused until its place in etcd can be read, and nothing there is lost",
  async (t) => {
    const members = await Members.start(t);
    const kept = () => members.etcd.ctl("get", KEY, "--print-value-only").trim();
    members.etcd.ctl("put", KEY, '[{"id":"1"}]');
    const socket = await acting(t, members);
    const client = clientOf(t, socket);
    await eventually(() =>
      client.add(span("stays"), { waitFor: "CREATED" }).then(
        () => true,
        () => false,
      ),
    );
    const session = { cnf: "ends", grace: 0 };
    const refused = await t.throwsAsync(clientOf(t, socket, session).add(span("ends", { vppInterface: "eth1" })));
    t.like(refused, { code: "ERR_ETCD_CONTENT", details: { key: KEY } });
    t.is(kept(), '[{"id":"1"}]');
    members.etcd.ctl("del", KEY);
    await eventually(() => kept() === "");
    await clientOf(t, socket, session).add(span("ends", { vppInterface: "eth1" }));
    const bound = members.etcd.ctl("get", "--prefix", "/vpp-punt/state/h1/kept/bound/", "--keys-only");
    t.is(bound.trim(), "/vpp-punt/state/h1/kept/bound/ends//");
  },
);
