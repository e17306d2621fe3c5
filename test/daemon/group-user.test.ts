// A daemon of a user without any capability, whose only right is VPP's group: it makes memifs and punt sockets, and refuses TAPs by reason.
import { readFileSync } from "node:fs";
import type { ExecutionContext } from "ava";
import type { PuntError } from "../../lib/errors.js";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { ClusterHost, type Told } from "../support/daemon/processes.js";
import { ask } from "../support/daemon/traffic.js";
import { need } from "../support/need.js";

/** A number that no group of a machine has. */
const VPP_GROUP = 62_345;
const isReady = ({ state }: Told) => state === "ready";

/** Lines of /proc/PID/status, by their names. */
function statusOf(pid: number): Record<string, string> {
  const lines = readFileSync(`/proc/${pid}/status`, "utf8").trim().split("\n");
  return Object.fromEntries(lines.map((line) => line.trim().split(/:\s*/) as [string, string]));
}

async function started(t: ExecutionContext, linux: boolean): Promise<{ host: ClusterHost; punts: RemotePunts }> {
  const host = await ClusterHost.start(t, { daemonGroup: VPP_GROUP, linux });
  await host.startDaemon();
  const none = "0000000000000000";
  t.like(statusOf(host.daemonPid), {
    ...{ CapInh: none, CapPrm: none, CapEff: none, CapBnd: none, CapAmb: none, NoNewPrivs: "1" },
    Groups: String(VPP_GROUP),
    Uid: "65534\t65534\t65534\t65534",
  });
  const punts = new RemotePunts({ socket: host.socket });
  t.teardown(() => punts.close());
  return { host, punts };
}

const rooted = need("root", "setpriv");

rooted.test("memifs and punt sockets are CREATED, and CNFs have their packets", async (t) => {
  const { host, punts } = await started(t, false);
  const dns = host.startCnf("dns", { cnf: "dns", udp: 53 });
  await dns.reaches(isReady);
  const span = { cnf: "tap", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" } as const;
  const mirror = host.startCnf("mirror", span);
  await mirror.reaches(isReady);
  t.is(await ask(host.vpp, 53, "one"), "dns:one");
  while (!mirror.seen.some((text) => text.includes("one"))) await new Promise((resolve) => setTimeout(resolve, 20));
  t.deepEqual((await punts.list()).map(({ request, state }) => `${request.type} ${state}`).sort(), [
    "PUNT_TO_SOCKET CREATED",
    "SPAN CREATED",
  ]);
});

need("root", "setpriv", "netns", "tun").test(
  "a TAP fails with an error that names the capability, and memifs go on",
  async (t) => {
    const { punts } = await started(t, true);
    const tap = { cnf: "a", key: "tap", type: "SPAN", interconnect: "TAP", vppInterface: "eth0" } as const;
    const error = await t.throwsAsync<PuntError>(punts.add(tap, { waitFor: "CREATED", timeout: 60_000 }));
    t.regex(error!.message, /CAP_NET_ADMIN/);
    const memif = { ...tap, key: "memif", interconnect: "MEMIF" } as const;
    t.is((await punts.add(memif, { waitFor: "CREATED" })).state, "CREATED");
  },
);
