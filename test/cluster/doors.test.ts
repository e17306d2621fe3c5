// The sockets of a host's daemons, which are at the same paths: CNFs come to the daemon that acts.
import { EventEmitter } from "node:events";
import { existsSync, mkdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ExecutionContext } from "ava";
import type { LeaderRecord } from "../../lib/cluster/leadership.js";
import { Daemon } from "../../lib/daemon/index.js";
import { bindPuntSocket } from "../../lib/descriptor/index.js";
import { connectPunts, openPunt } from "../../lib/module/index.js";
import { EmulatedHost } from "../../lib/punt/index.js";
import { eventually, Members } from "../support/etcd/members.js";
import { need } from "../support/need.js";
import { until } from "../support/until.js";

const { test: withEtcd } = need("etcd", "etcdctl");

async function daemon(
  t: ExecutionContext,
  { directory, vpp }: Members,
  name: string,
  endpoints: string,
  devices: object = { host: new EmulatedHost(vpp) },
) {
  const started = await Daemon.start({
    socket: join(directory, "manager.sock"),
    vppSocket: vpp.apiSocket,
    socketDirectory: join(directory, "sockets"),
    etcd: { endpoints, host: "h1", name, lease: 4 },
    manager: { ...devices, memifDirectory: join(directory, "memif"), resyncInterval: 500 },
  });
  t.teardown(() => started.close());
  return started;
}

/** Returns what reads the leader's record. etcdctl would hold up the daemons, which are in this process, beyond their leases. */
async function leaderOf(members: Members): Promise<() => Promise<LeaderRecord | undefined>> {
  const operator = await members.operator();
  return () => operator.leader().catch(() => undefined);
}

withEtcd(
  "a CNF that came to a daemon without etcd waits, and gets its punt and its socket from the daemon that takes the place",
  async (t) => {
    const members = await Members.start(t);
    await daemon(t, members, "lost", "http://127.0.0.1:1");
    const dns = await openPunt({ cnf: "dns", udp: 53 }, { socket: join(members.directory, "manager.sock") });
    t.teardown(() => dns.close());
    t.is(dns.status.state, "waiting");
    await daemon(t, members, "good", members.etcd.url);
    t.is((await dns.ready()).state, "ready");
  },
);

withEtcd.serial("a daemon that leads again and again leaves no listeners behind", async (t) => {
  const members = await Members.start(t);
  const warnings: Error[] = [];
  EventEmitter.defaultMaxListeners = 6;
  process.on("warning", (warning) => void warnings.push(warning));
  const started = await daemon(t, members, "one", members.etcd.url, {});
  const leader = await leaderOf(members);
  let before = "";
  for (let turn = 0; turn < 5; turn++) {
    before = await until(async () => {
      const attempt = (await leader())?.attempt;
      return attempt === before ? undefined : attempt;
    });
    members.etcd.ctl("del", "/vpp-punt/leader/h1/vpp");
  }
  await started.close();
  t.deepEqual(warnings, []);
});

/** Records the intervals that have not been cleared, by the places that started them. */
function timersFrom(t: ExecutionContext): () => string[] {
  const running = new Map<unknown, string>();
  const { setInterval: set, clearInterval: clear } = globalThis;
  const started = (...args: Parameters<typeof set>) => {
    const timer = set(...args);
    running.set(timer, new Error("started").stack!.split("\n")[2]!.trim());
    return timer;
  };
  const ended = (timer: Parameters<typeof clear>[0]) => {
    running.delete(timer);
    clear(timer);
  };
  Object.assign(globalThis, { setInterval: started, clearInterval: ended });
  t.teardown(() => Object.assign(globalThis, { setInterval: set, clearInterval: clear }));
  return () => [...running.values()];
}

withEtcd.serial("a daemon that is closed looks at nothing any more, whether it has acted or not", async (t) => {
  const members = await Members.start(t);
  const hasLeader = await leaderOf(members);
  await hasLeader();
  const timers = timersFrom(t);
  const leader = await daemon(t, members, "one", members.etcd.url);
  await eventually(hasLeader);
  const standby = await daemon(t, members, "two", members.etcd.url);
  t.true(timers().length > 0);
  await standby.close();
  await leader.close();
  t.deepEqual(timers(), []);
});

withEtcd("a daemon that had the host's sockets before it acts removes what an earlier one has left", async (t) => {
  const members = await Members.start(t);
  const folder = join(members.directory, "sockets");
  mkdirSync(folder);
  const left = join(folder, "left.sock");
  bindPuntSocket({ path: left }).close();
  const key = "/vpp-punt/leader/h1/vpp";
  members.etcd.ctl("put", key, JSON.stringify({ daemon: "earlier", addresses: [], since: "", attempt: "" }));
  await daemon(t, members, "one", members.etcd.url);
  await using punts = await connectPunts({ socket: join(members.directory, "manager.sock") });
  await eventually(async () => (await punts.info()).cluster?.role === "standby");
  await punts.list();
  // The daemon looks at the punts within a second.
  await sleep(1_500);
  t.true(existsSync(left), "its copy of the punts may be behind");
  members.etcd.ctl("del", key);
  await eventually(() => !existsSync(left));
});

withEtcd(
  "a host's sockets lead to the acting daemon, also beside its predecessor and after they are removed",
  async (t) => {
    const members = await Members.start(t);
    const socket = join(members.directory, "manager.sock");
    const standing = async () => {
      await using punts = await connectPunts({ socket });
      const { cluster } = await punts.info();
      return `${cluster?.daemon} ${cluster?.role}`;
    };
    const key = "/vpp-punt/leader/h1/vpp";
    const leader = await leaderOf(members);
    const acting = async () => (await leader())?.daemon;
    const isReached = () => eventually(async () => (await standing().catch(() => "")) === `${await acting()} leader`);
    await daemon(t, members, "one", members.etcd.url);
    await isReached();
    await daemon(t, members, "two", members.etcd.url);
    const before = (await acting()) ?? "one";
    // Either daemon may get the lead.
    while ((await acting()) === before) {
      members.etcd.ctl("del", key);
      await eventually(acting);
    }
    await isReached();
    unlinkSync(socket);
    await isReached();
    t.pass();
  },
);
