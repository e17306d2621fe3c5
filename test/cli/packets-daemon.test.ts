// The commands about packets of a user without any right, over a daemon, which opens files and devices and hands them over.
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import type { ExecutionContext } from "ava";
import { main } from "../support/cli/command.js";
import { ClusterHost, type Told } from "../support/daemon/processes.js";
import { question } from "../support/daemon/traffic.js";
import { need } from "../support/need.js";

const NOBODY = 65_534;
const SPAN = "{ cnf: tap, type: SPAN, interconnect: MEMIF, vppInterface: eth0 }";
const DNS = "{ cnf: dns, type: PUNT_TO_SOCKET, toHost: { af: IPV4, protocol: UDP, port: 53 } }";
const isReady = ({ state }: Told) => state === "ready" || state === "degraded";
const rooted = need("root", "netns", "setpriv").test.serial;

async function hostWith(t: ExecutionContext, ...requests: string[]): Promise<ClusterHost> {
  const host = await ClusterHost.start(t, { user: NOBODY });
  await host.startDaemon();
  for (const request of requests) await start(host, "add", "--wait", request).ended;
  return host;
}

/** Runs a command as the user nobody. */
function start(host: ClusterHost, ...args: string[]) {
  const rights = ["--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"];
  const user = ["--reuid", `${NOBODY}`, "--regid", `${NOBODY}`, ...rights];
  const program = spawn("setpriv", [...user, process.execPath, main, ...args, "--socket", host.socket], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = Promise.all([text(program.stdout), text(program.stderr)]);
  const attached = new Promise<void>((resolve) => {
    program.stderr.on("data", (chunk) => {
      if (String(chunk).includes("attached to ")) resolve();
    });
  });
  return { ended, attached: Promise.race([attached, ended]) };
}

rooted("dump and attach open a memif, which comes back after a restart of VPP", async (t) => {
  const host = await hostWith(t, SPAN);
  const capture = start(host, "attach", "tap", "--count", "1", "-w", "/dev/null");
  await capture.attached;
  await host.vpp.inject("eth0", question(9, "first"));
  t.regex((await capture.ended)[1], /\n1 packet, /);
  const dump = start(host, "dump", "tap", "--count", "1", "--match", "UDP");
  await dump.attached;
  await host.vpp.restart();
  let isDone = false;
  void dump.ended.then(() => {
    isDone = true;
  });
  while (!isDone) {
    await host.vpp.inject("eth0", question(9, "second")).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  t.regex((await dump.ended)[0], / eth0 \d+ .* UDP /);
});

rooted("dump opens a punt socket, and leaves that of a CNF that runs", async (t) => {
  const host = await hostWith(t, DNS);
  const dump = start(host, "dump", "dns", "--count", "1");
  await dump.attached;
  await host.vpp.inject("eth0", question(53, "who"));
  t.regex((await dump.ended)[0], / eth0 \d+ .* UDP .* > 53 /);
  const cnf = host.startCnf("dns", { cnf: "dns", udp: 53 });
  await cnf.reaches(isReady);
  t.regex((await start(host, "dump", "dns").ended)[1], /\(EADDRINUSE\)/);
  t.true(isReady(cnf.told.at(-1)!));
});

rooted("inject sends by the socket of a punt to a socket, whose CNF keeps it", async (t) => {
  const host = await hostWith(t, SPAN);
  const cnf = host.startCnf("dns", { cnf: "dns", udp: 53 });
  await cnf.reaches(isReady);
  const frame = Buffer.from(question(9, "out")).toString("hex");
  const [said, problem] = await start(host, "inject", frame, "--interface", "eth0").ended;
  t.regex(said, /^1 packet, /, problem);
  t.regex((await start(host, "inject", frame, "--interface", "eth7").ended)[1], /no interface eth7 .*ERR_NO_INTERFACE/);
  t.true(isReady(cnf.told.at(-1)!));
});

need("root", "netns", "setpriv", "tun").test.serial("dump opens the frames of a TAP", async (t) => {
  const host = await ClusterHost.start(t, { user: NOBODY, linux: true });
  await host.startDaemon();
  await start(host, "add", "--wait", SPAN.replace("MEMIF", "TAP")).ended;
  const dump = start(host, "dump", "tap", "--count", "1", "--match", "UDP");
  await dump.attached;
  await host.vpp.inject("eth0", question(9, "one"));
  t.regex((await dump.ended)[0], / eth0 \d+ .* UDP /);
});
