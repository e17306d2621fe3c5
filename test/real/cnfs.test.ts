// A real VPP, a daemon, and CNFs of a user without any right, each in a network namespace of its own.

import type { ExecutionContext } from "ava";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { ClusterHost, type CnfProcess, type Told } from "../support/daemon/processes.js";
import { type Netns, Network } from "../support/machine/netns.js";
import { udpAsk } from "../support/machine/udp-ask.js";
import { need } from "../support/need.js";
import { startVpp } from "../support/vpp/real.js";

const NOBODY = 65_534;
const isReady = ({ state }: Told) => state === "ready" || state === "degraded";
const real = need("root", "vpp", "hosts").test.serial;

async function start(t: ExecutionContext, net: string) {
  const vpp = await startVpp();
  t.teardown(() => vpp.stop());
  const network = new Network(vpp);
  t.teardown(() => network.abandon());
  const { host: neighbor, vppInterface } = await network.neighbor(net);
  const host = await ClusterHost.beside(t, vpp, { user: NOBODY, linux: true });
  await host.startDaemon();
  // Linux's objects for the punts outlive VPP.
  t.teardown(async () => {
    const operator = new RemotePunts({ socket: host.socket, wait: 5_000 });
    for (const { id } of await operator.list()) await operator.delete(id);
    await operator.close();
  });
  return { vpp, network, neighbor, vppInterface, host };
}

const ASK = udpAsk(60, 0.3);

const ask = async (neighbor: Netns, address: string, port: number, text: string) =>
  (await neighbor.run("python3", "-c", ASK, address, `${port}`, text)).trim();

async function sees(neighbor: Netns, address: string, cnf: CnfProcess, text: string): Promise<boolean> {
  const send = `import socket,sys; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(sys.argv[2].encode(), (sys.argv[1], 9))`;
  while (!cnf.seen.includes(text)) await neighbor.run("python3", "-c", send, address, text);
  return true;
}

real("a punt socket receives and injects, across restarts of VPP and the daemon", async (t) => {
  const { vpp, network, neighbor, host } = await start(t, "10.9.0");
  const dns = host.startCnf("dns", { cnf: "dns", udp: 53 });
  await dns.reaches(isReady);
  t.is(await ask(neighbor, "10.9.0.1", 53, "one"), "dns:one");
  await host.killDaemon();
  t.is(await ask(neighbor, "10.9.0.1", 53, "two"), "dns:two");
  await host.startDaemon();
  await vpp.restart("SIGKILL");
  await network.restore();
  t.is(await ask(neighbor, "10.9.0.1", 53, "three"), "dns:three");
});

for (const interconnect of ["MEMIF", "TAP"] as const) {
  real(`a copy of an interface's packets over ${interconnect}`, async (t) => {
    const net = interconnect === "TAP" ? "10.9.1" : "10.9.2";
    const { neighbor, host, vppInterface } = await start(t, net);
    const span = host.startCnf("span", { cnf: "span", type: "SPAN", interconnect, vppInterface });
    await span.reaches(isReady);
    t.true(await sees(neighbor, `${net}.1`, span, "one"));
  });
}
