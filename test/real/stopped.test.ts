// A real VPP whose one sending socket serves two CNFs. One CNF is stopped while packets come for it.
import { RemotePunts } from "../../lib/module/remote/index.js";
import { ClusterHost, type Told } from "../support/daemon/processes.js";
import { Network } from "../support/machine/netns.js";
import { udpAsk } from "../support/machine/udp-ask.js";
import { need } from "../support/need.js";
import { startVpp } from "../support/vpp/real.js";

const NOBODY = 65_534;
const isReady = ({ state }: Told) => state === "ready" || state === "degraded";
const ASK = udpAsk(60, 0.3);
/** 500 packets to a port, in half a second: VPP's send buffer holds 171. */
const FLOOD = `
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for index in range(500):
    s.sendto(b"flood", (sys.argv[1], int(sys.argv[2])))
    time.sleep(0.001)
`;

need("root", "vpp", "hosts").test.serial("a stopped CNF keeps no packets from another one", async (t) => {
  const vpp = await startVpp();
  t.teardown(() => vpp.stop());
  const network = new Network(vpp);
  t.teardown(() => network.abandon());
  const { host: neighbor } = await network.neighbor("10.9.8");
  const host = await ClusterHost.beside(t, vpp, { user: NOBODY, linux: true });
  await host.startDaemon();
  t.teardown(async () => {
    const operator = new RemotePunts({ socket: host.socket, wait: 5_000 });
    for (const { id } of await operator.list()) await operator.delete(id);
    await operator.close();
  });
  const dns = host.startCnf("dns", { cnf: "dns", udp: 53 });
  const ntp = host.startCnf("ntp", { cnf: "ntp", udp: 123 });
  await Promise.all([dns.reaches(isReady), ntp.reaches(isReady)]);
  const ask = async (port: number, text: string) =>
    (await neighbor.run("python3", "-c", ASK, "10.9.8.1", `${port}`, text)).trim();
  t.is(await ask(53, "before"), "dns:before");
  dns.child.kill("SIGSTOP");
  await neighbor.run("python3", "-c", FLOOD, "10.9.8.1", "53");
  t.is(await ask(123, "while it is stopped"), "ntp:while it is stopped");
  dns.child.kill("SIGCONT");
  t.is(await ask(53, "after"), "dns:after");
  t.is(await ask(123, "after"), "ntp:after");
});
