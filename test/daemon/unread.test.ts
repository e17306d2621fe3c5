// A CNF that is stopped: its punt socket holds up no other CNF's packets.
import test, { type ExecutionContext } from "ava";
import { ClusterHost, type CnfProcess, type Told } from "../support/daemon/processes.js";
import { ask, question } from "../support/daemon/traffic.js";

const isReady = ({ state, codes }: Told) => state === "ready" && codes.length === 0;
/** More than the send buffer of VPP holds. */
const FLOOD = 500;

/** Two CNFs. The one of port 53 is stopped, and its queue has taken VPP's send buffer. */
async function startWithStopped(t: ExecutionContext): Promise<{ host: ClusterHost; dns: CnfProcess }> {
  const host = await ClusterHost.start(t);
  await host.startDaemon();
  const dns = host.startCnf("dns", { cnf: "dns", udp: 53 });
  const ntp = host.startCnf("ntp", { cnf: "ntp", udp: 123 });
  await Promise.all([dns.reaches(isReady), ntp.reaches(isReady)]);
  t.is(await ask(host.vpp, 123, "before"), "ntp:before");
  dns.child.kill("SIGSTOP");
  const flood = Array.from({ length: FLOOD }, (_, index) => question(53, `flood ${index}`));
  await host.vpp.inject("eth0", flood);
  t.is(await ask(host.vpp, 123, "meanwhile", 60_000), "ntp:meanwhile");
  return { host, dns };
}

test.serial("the others get their packets, and so does the CNF when it goes on", async (t) => {
  const { host, dns } = await startWithStopped(t);
  dns.child.kill("SIGCONT");
  t.is(await ask(host.vpp, 53, "after", 60_000), "dns:after");
  await dns.reaches(isReady);
  t.is(await ask(host.vpp, 123, "at the end"), "ntp:at the end");
});

test.serial("a CNF gets its packets again when the daemon was killed in that time", async (t) => {
  const { host, dns } = await startWithStopped(t);
  await host.killDaemon();
  dns.child.kill("SIGCONT");
  await host.startDaemon();
  t.is(await ask(host.vpp, 53, "after", 60_000), "dns:after");
});
