// Two daemons with one folder of state, as after a copied configuration.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Daemon, type DaemonOptions } from "../../lib/daemon/index.js";

const STORES: readonly (readonly [file: string, options: DaemonOptions])[] = [
  ["punts.json", {}],
  ["etcd.json", { etcd: { endpoints: "http://127.0.0.1:1", host: "edge1" } }],
];

for (const [file, options] of STORES)
  test(`a daemon is refused while another one has its ${file}, by its path and process, and starts afterwards`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "vpp-punt-state-"));
    t.teardown(() => rm(folder, { recursive: true }));
    const start = async (name: string) => {
      const socket = join(folder, name, "manager.sock");
      const daemon = await Daemon.start({
        ...{ ...options, socket, socketDirectory: join(folder, "sockets"), vppSocket: join(folder, "api.sock") },
        ...{ state: join(folder, "state"), manager: { memifDirectory: join(folder, "memif") } },
      });
      t.teardown(() => daemon.close());
      return daemon;
    };
    const first = await start("a");
    const details = { path: join(folder, "state", file), pid: process.pid };
    t.like(await t.throwsAsync(start("b")), { code: "ERR_STORE_BUSY", details });
    await first.close();
    await t.notThrowsAsync(start("b"));
  });
