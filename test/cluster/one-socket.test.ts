// Daemons of two hosts with one socket path, as after a copied configuration.
import { join } from "node:path";
import { Daemon } from "../../lib/daemon/index.js";
import type { Logger } from "../../lib/logger.js";
import { connectPunts } from "../../lib/module/index.js";
import { EmulatedHost } from "../../lib/punt/index.js";
import { eventually, Members } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const { test: withEtcd } = need("etcd", "etcdctl");

withEtcd(
  "a daemon leaves its socket's path to a daemon of another host, says so once, and has it afterwards",
  async (t) => {
    const members = await Members.start(t);
    const { directory, vpp, etcd } = members;
    const other = await members.otherVpp();
    const socket = join(directory, "manager.sock");
    const said: object[] = [];
    const logger: Logger = { info: () => {}, warn: () => {}, error: (fields) => void said.push(fields) };
    const start = async (host: string, on: typeof vpp) => {
      const daemon = await Daemon.start({
        ...{ socket, vppSocket: on.apiSocket, socketDirectory: join(directory, host), logger },
        etcd: { endpoints: etcd.url, host, name: host, lease: 10 },
        manager: { host: new EmulatedHost(on), memifDirectory: join(on.directory, "memif") },
      });
      t.teardown(() => daemon.close());
      return daemon;
    };
    const host = async () => {
      await using punts = await connectPunts({ socket });
      const { cluster } = await punts.info();
      return cluster?.role === "leader" ? cluster.host : "";
    };
    const first = await start("h1", vpp);
    await eventually(async () => (await host()) === "h1");
    await start("h2", other);
    await eventually(() => said.length > 0);
    t.is(await host(), "h1");
    await first.close();
    await eventually(async () => (await host().catch(() => "")) === "h2");
    t.deepEqual(said, [{ host: "h2", other: "h1", path: socket }]);
  },
);
