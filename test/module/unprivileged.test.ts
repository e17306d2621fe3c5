// CNFs of a user without any right, each in a network namespace of its own: the daemon hands them all that they need.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { ClusterHost, type CnfProcess, type Told } from "../support/daemon/processes.js";
import { ask, question } from "../support/daemon/traffic.js";
import { need } from "../support/need.js";

const NOBODY = 65_534;
const isReady = ({ state }: Told) => state === "ready" || state === "degraded";

/** Puts questions on the wire until the CNF says that it has seen one. */
async function sees(host: ClusterHost, cnf: CnfProcess, text: string): Promise<boolean> {
  while (!cnf.seen.includes(text)) {
    await host.vpp.inject("eth0", question(9, text)).catch(() => {});
    await sleep(20);
  }
  return true;
}

const rooted = need("root", "netns", "setpriv").test.serial;

rooted("a punt socket and its way back, over restarts of VPP, the daemon and the CNF", async (t) => {
  const host = await ClusterHost.start(t, { user: NOBODY });
  await host.startDaemon();
  const dns = host.startCnf("dns", { cnf: "dns", udp: 53 });
  await dns.reaches(isReady);
  t.is(await ask(host.vpp, 53, "one"), "dns:one");
  await host.vpp.restart();
  t.is(await ask(host.vpp, 53, "two"), "dns:two");
  await host.killDaemon();
  t.is(await ask(host.vpp, 53, "three"), "dns:three");
  await host.startDaemon();
  await dns.reaches(({ state, codes }) => state === "ready" && codes.length === 0);
  t.is(await ask(host.vpp, 53, "four"), "dns:four");
  await dns.kill();
  const next = host.startCnf("next", { cnf: "dns", udp: 53 });
  await next.reaches(isReady);
  t.is(await ask(host.vpp, 53, "five"), "next:five");
  const operator = new RemotePunts({ socket: host.socket });
  t.teardown(() => operator.close());
  const sockets = () => readdir(join(host.directory, "vpp/sockets"));
  t.is((await sockets()).length, 1);
  await operator.delete({ cnf: `u${NOBODY}.dns` });
  while ((await sockets()).length > 0) await sleep(20);
});

rooted("a memif, over a restart of VPP", async (t) => {
  const host = await ClusterHost.start(t, { user: NOBODY });
  await host.startDaemon();
  const span = { cnf: "tap", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" } as const;
  const cnf = host.startCnf("span", span);
  await cnf.reaches(isReady);
  t.true(await sees(host, cnf, "one"));
  await host.vpp.restart();
  t.true(await sees(host, cnf, "two"));
});

need("root", "netns", "setpriv", "tun").test.serial(
  "a TAP in the CNF's own namespace, and in that of its next life",
  async (t) => {
    const host = await ClusterHost.start(t, { user: NOBODY, linux: true });
    await host.startDaemon();
    const span = { cnf: "tap", type: "SPAN", interconnect: "TAP", vppInterface: "eth0" } as const;
    const first = host.startCnf("first", span);
    await first.reaches(isReady);
    t.true(await sees(host, first, "one"));
    await host.killDaemon();
    t.true(await sees(host, first, "without a daemon"));
    await host.startDaemon();
    await first.kill();
    const second = host.startCnf("second", span);
    await second.reaches(isReady);
    t.true(await sees(host, second, "two"));
  },
);
