// VPP, the daemon and CNFs in processes of their own: each is killed, and packets come again.
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { ClusterHost, type Told } from "../support/daemon/processes.js";
import { ask } from "../support/daemon/traffic.js";
import { BROADCAST, frame, udpPacket } from "../support/frames.js";

const isReady = ({ state }: Told) => state === "ready";

test.serial("the daemon is killed: packets go on without it, and its next life changes nothing", async (t) => {
  const host = await ClusterHost.start(t);
  await host.startDaemon();
  const dns = host.startCnf("dns", { cnf: "dns", udp: 53 });
  await dns.reaches(isReady);
  t.is(await ask(host.vpp, 53, "before"), "dns:before");
  const interfaces = await host.vpp.interfaces();
  await host.killDaemon();
  await dns.reaches(({ codes }) => codes.includes("DAEMON_AWAY"));
  t.is(await ask(host.vpp, 53, "meanwhile"), "dns:meanwhile");
  t.is(dns.told.at(-1)!.state, "ready");
  await host.startDaemon();
  await dns.reaches(({ state, codes }) => state === "ready" && codes.length === 0);
  t.is(await ask(host.vpp, 53, "after"), "dns:after");
  t.deepEqual(
    (await host.vpp.interfaces()).map(({ swIfIndex, name }) => [swIfIndex, name]),
    interfaces.map(({ swIfIndex, name }) => [swIfIndex, name]),
  );
  t.false(
    dns.told.some(({ state }) => state === "failed"),
    JSON.stringify(dns.told),
  );
});

test.serial("an upgrade of the daemon loses no packet and no connection of a CNF", async (t) => {
  const host = await ClusterHost.start(t);
  await host.startDaemon();
  const request = {
    cnf: "monitor",
    type: "SPAN",
    interconnect: "MEMIF",
    vppInterface: "eth0",
    direction: "rx",
  } as const;
  const monitor = host.startCnf("monitor", request);
  await monitor.reaches(isReady);
  while (!(await host.vpp.interfaces()).some(({ tag, linkUp }) => tag !== "" && linkUp)) await sleep(20);
  const ends = { from: "10.0.0.2", to: "10.0.0.1" };
  const sent: string[] = [];
  let isOver = false;
  const traffic = (async () => {
    while (!isOver) {
      const mark = `packet ${sent.length}`;
      sent.push(mark);
      await host.vpp.inject(
        "eth0",
        frame({ from: "02:aa:00:00:00:01", to: BROADCAST }, udpPacket(ends, [4000, 9], mark)),
      );
      await sleep(5);
    }
  })();
  while (monitor.seen.length < 10) await sleep(10);
  await host.killDaemon("SIGTERM");
  while (!monitor.told.at(-1)!.codes.includes("DAEMON_AWAY")) await sleep(10);
  const during = monitor.seen.length;
  while (monitor.seen.length < during + 10) await sleep(10);
  await host.startDaemon();
  while (monitor.told.at(-1)!.codes.length > 0) await sleep(10);
  const after = monitor.seen.length;
  while (monitor.seen.length < after + 10) await sleep(10);
  isOver = true;
  await traffic;
  while (monitor.seen.length < sent.length) await sleep(10);
  t.deepEqual(monitor.seen, sent);
  t.true(monitor.told.every(({ state }) => state !== "failed"));
});

test.serial("VPP is killed: its next life gets the punts, and each CNF its packets", async (t) => {
  const host = await ClusterHost.start(t);
  await host.startDaemon();
  const [dns, ntp] = [host.startCnf("dns", { cnf: "dns", udp: 53 }), host.startCnf("ntp", { cnf: "ntp", udp: 123 })];
  await Promise.all([dns.reaches(isReady), ntp.reaches(isReady)]);
  for (const round of ["one", "two"]) {
    await host.vpp.restart();
    t.is(await ask(host.vpp, 53, round), `dns:${round}`);
    t.is(await ask(host.vpp, 123, round), `ntp:${round}`);
  }
  t.false(
    dns.told.some(({ state }) => state === "failed"),
    JSON.stringify(dns.told),
  );
});

test.serial("a CNF is killed and comes back: the same request finds its punt", async (t) => {
  const host = await ClusterHost.start(t);
  await host.startDaemon();
  const first = host.startCnf("first", { cnf: "dns", udp: 53 });
  await first.reaches(isReady);
  t.is(await ask(host.vpp, 53, "one"), "first:one");
  await first.kill();
  const second = host.startCnf("second", { cnf: "dns", udp: 53 });
  await second.reaches(isReady);
  t.is(await ask(host.vpp, 53, "two"), "second:two");
});

test.serial("a CNF may start before the daemon, and before VPP's next life", async (t) => {
  const host = await ClusterHost.start(t);
  const dns = host.startCnf("dns", { cnf: "dns", udp: 53 });
  await dns.reaches(({ codes }) => codes.includes("DAEMON_AWAY"));
  await host.startDaemon();
  await dns.reaches(isReady);
  t.is(await ask(host.vpp, 53, "late"), "dns:late");
});

test.serial("the daemon and VPP are killed together", async (t) => {
  const host = await ClusterHost.start(t);
  await host.startDaemon();
  const dns = host.startCnf("dns", { cnf: "dns", udp: 53 });
  await dns.reaches(isReady);
  await host.killDaemon();
  await host.vpp.restart();
  await host.startDaemon();
  t.is(await ask(host.vpp, 53, "both"), "dns:both");
});

test.serial(
  "a session's punts go when the program was killed and the grace period is over, also over a restart of the daemon",
  async (t) => {
    const host = await ClusterHost.start(t);
    await host.startDaemon();
    const operator = new RemotePunts({ socket: host.socket, wait: true });
    t.teardown(() => operator.close());
    const session = { lifetime: "session", grace: 300 } as const;
    const labels = async () => (await operator.list()).map(({ id }) => id.cnf);
    const brief = host.startCnf("brief", { cnf: "brief", udp: 53 }, session);
    const other = host.startCnf("other", { cnf: "other", udp: 54 }, session);
    await Promise.all([brief.reaches(isReady), other.reaches(isReady)]);
    // One program lives: its punt outlives the daemon, and the other program's punt, which the next daemon deletes.
    await host.killDaemon();
    await other.kill();
    await host.startDaemon();
    while ((await labels()).includes("other")) await sleep(50);
    t.deepEqual(await labels(), ["brief"]);
    // Both are killed: the next daemon remembers whose punts they were.
    await host.killDaemon();
    await brief.kill();
    await host.startDaemon();
    while ((await labels()).length > 0) await sleep(50);
    t.pass();
  },
);

test.serial(
  "a stopped program keeps its session's punt and blocks no other program; a killed one leaves it for the grace period",
  async (t) => {
    const host = await ClusterHost.start(t);
    await host.startDaemon();
    const operator = new RemotePunts({ socket: host.socket, wait: true });
    t.teardown(() => operator.close());
    const stopped = host.startCnf("stopped", { cnf: "stopped", udp: 53 }, { lifetime: "session", grace: 1_500 });
    await stopped.reaches(isReady);
    stopped.child.kill("SIGSTOP");
    const other = host.startCnf("other", { cnf: "other", udp: 54 });
    await other.reaches(isReady);
    t.is(await ask(host.vpp, 54, "one"), "other:one");
    await sleep(2_000);
    t.is((await operator.get({ cnf: "stopped" }))?.state, "CREATED");
    stopped.child.kill("SIGCONT");
    t.is(await ask(host.vpp, 53, "two"), "stopped:two");
    const killed = performance.now();
    await stopped.kill();
    while (await operator.get({ cnf: "stopped" })) await sleep(20);
    // A timer may be a millisecond early.
    t.true(performance.now() - killed >= 1_490);
    t.is((await operator.get({ cnf: "other" }))?.state, "CREATED");
  },
);

test.serial("a daemon that gets SIGTERM says so to its watchers", async (t) => {
  const host = await ClusterHost.start(t);
  await host.startDaemon();
  const dns = host.startCnf("dns", { cnf: "dns", udp: 53 });
  await dns.reaches(isReady);
  await host.killDaemon("SIGTERM");
  await dns.reaches(({ codes }) => codes.includes("DAEMON_AWAY"));
  t.is(await ask(host.vpp, 53, "meanwhile"), "dns:meanwhile");
});
