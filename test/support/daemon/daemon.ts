// A daemon over an embedded VPP, in this process, for tests.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { Daemon, type DaemonOptions, type PeerCredentials } from "../../../lib/daemon/index.js";
import type { ConnectOptions } from "../../../lib/module/options.js";
import { RemotePunts } from "../../../lib/module/remote/index.js";
import { EmulatedHost } from "../../../lib/punt/index.js";
import { EmbeddedVpp } from "../../../lib/sim/index.js";

/** The apparent peer of the next connections. */
export type Someone = PeerCredentials;

export const ROOT: Someone = { pid: 1, uid: 0, gid: 0 };

export interface DaemonTest {
  readonly vpp: EmbeddedVpp;
  readonly directory: string;
  readonly socket: string;
  daemon: Daemon;
  /** Connects as another caller. */
  connect(who?: Someone, options?: ConnectOptions): Promise<RemotePunts>;
  /** Ends the daemon and starts another one with the same state. */
  restart(options?: DaemonOptions): Promise<void>;
}

/** Starts VPP and a daemon. Everything is closed when the test ends. */
export async function daemonTest(t: ExecutionContext, options: DaemonOptions = {}): Promise<DaemonTest> {
  const directory = await mkdtemp(join(tmpdir(), "vpp-punt-daemon-"));
  const exec = ["eth0", "eth1"].flatMap((name, index) => [
    `set interface state ${name} up`,
    `set interface ip address ${name} 10.0.${index}.1/24`,
  ]);
  const vpp = await EmbeddedVpp.start({ directory, interfaces: ["eth0", "eth1"], exec });
  const socket = join(directory, "manager.sock");
  let someone = ROOT;
  const start = (more: DaemonOptions = {}) =>
    Daemon.start({
      socket,
      vppSocket: vpp.apiSocket,
      state: join(directory, "state"),
      socketDirectory: join(directory, "sockets"),
      credentials: () => someone,
      ...options,
      ...more,
      manager: {
        host: new EmulatedHost(vpp),
        memifDirectory: join(directory, "memif"),
        resyncInterval: 500,
        ...options.manager,
        ...more.manager,
      },
    });
  const open: RemotePunts[] = [];
  const running: DaemonTest = {
    ...{ vpp, directory, socket, daemon: await start() },
    async connect(who = ROOT, more = {}) {
      someone = who;
      const punts = new RemotePunts({ socket, ...more });
      open.push(punts);
      await punts.info().catch(() => {});
      return punts;
    },
    async restart(more) {
      await running.daemon.close();
      running.daemon = await start(more);
    },
  };
  t.teardown(async () => {
    for (const punts of open) await punts.close();
    await running.daemon.close();
    await vpp.close();
    await rm(directory, { recursive: true, force: true });
  });
  return running;
}
