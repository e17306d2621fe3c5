// The unit of deploy/ under a real systemd, over an embedded VPP that is a service beside it.
import { readFileSync } from "node:fs";
import type { ExecutionContext } from "ava";
import { main } from "../support/cli/command.js";
import { until } from "../support/machine/netns.js";
import { Systemd } from "../support/machine/systemd.js";
import { need } from "../support/need.js";

const UNIT = "vpp-punt.service";
const SIM = `[Service]
Type=exec
ExecStart=/usr/bin/env vpp-punt sim --directory /run/vpp --interface eth0 --host linux
RuntimeDirectory=vpp
`;
const PUNTS = `punts:
  - { type: SPAN, cnf: monitor, key: eth0, interconnect: MEMIF, vppInterface: eth0 }
  - { type: PUNT_TO_SOCKET, cnf: dns, key: dns, interconnect: AF_UNIX, toHost: { af: IPV4, protocol: UDP, port: 53 } }
`;
const NAMED = `punts:
  - { type: SPAN, cnf: named, key: eth0, interconnect: TAP, vppInterface: eth0, netns: { name: cnf } }
`;

async function booted(t: ExecutionContext, watchdog?: string): Promise<Systemd> {
  const files = {
    [`/units/${UNIT}`]: readFileSync("deploy/vpp-punt.service", "utf8"),
    "/units/vpp.service": SIM,
    "/etc/vpp-punt/daemon.yaml": "{}\n",
    "/punts.yaml": PUNTS,
    "/named.yaml": NAMED,
    ...(watchdog && { [`/units/${UNIT}.d/test.conf`]: `[Service]\nWatchdogSec=${watchdog}\n` }),
  };
  const systemd = new Systemd(files, [process.execPath, main]);
  t.teardown(() => systemd.end());
  await systemd.isReady();
  // Returns when the daemon has said READY=1.
  await systemd.run("systemctl", "start", UNIT);
  t.like(await systemd.properties(UNIT), { ActiveState: "active", SubState: "running", NRestarts: "0" });
  return systemd;
}

/** A CNF in a network namespace of its own, which hands the namespace over. It prints its state, and the devices that it has then. */
const CNF = `
import { readFileSync } from "node:fs";
import { openPunt } from ${JSON.stringify(new URL("../../lib/module/index.js", import.meta.url).href)};
const request = { cnf: "handed", type: "SPAN", interconnect: "TAP", vppInterface: "eth0" };
const punt = await openPunt(request);
await punt.ready();
const devices = readFileSync("/proc/net/dev", "utf8").split("\\n").slice(2).map((line) => line.split(":")[0].trim());
console.log(JSON.stringify({ state: punt.status.punt.state, devices: devices.filter((name) => !["", "lo"].includes(name)) }));
await punt.close();`;

const { test } = need("root", "unshare", "nsenter", "systemd");

test("systemd starts the daemon, reloads it, starts it again after a kill, and stops it", async (t) => {
  const systemd = await booted(t);
  await systemd.run("vpp-punt", "apply", "/punts.yaml");
  const states = async () => {
    const { punts } = JSON.parse(await systemd.run("vpp-punt", "list", "--json"));
    return punts.map(({ state }: { state: string }) => state);
  };
  t.deepEqual(await states(), ["CREATED", "CREATED"]);

  await systemd.run("systemctl", "reload", UNIT);
  await until("the policy's line", async () => (await systemd.log()).includes("the policy was read again"));

  await systemd.run("kill", "-KILL", (await systemd.properties(UNIT)).MainPID!);
  await systemd.has(UNIT, { NRestarts: "1", ActiveState: "active" });
  // Ready is a daemon that listens: it may not have looked at VPP.
  await until("the punts", async () => (await states()).join() === "CREATED,CREATED");

  await systemd.run("systemctl", "stop", UNIT);
  t.regex(await systemd.log(), /"the daemon stops"/);
  // After a bad status it would be "failed".
  t.like(await systemd.properties(UNIT), { ActiveState: "inactive", Result: "success" });
  // CNFs and VPP have these open.
  t.deepEqual((await systemd.run("ls", "/run/vpp-punt")).split("\n"), ["memif", "sockets", ""]);
});

/** Longer than a busy machine stops a process. */
const WATCHDOG_S = 8;

test("the daemon answers systemd's watchdog, and a daemon that hangs is replaced", async (t) => {
  const systemd = await booted(t, `${WATCHDOG_S}`);
  const first = (await systemd.properties(UNIT)).WatchdogTimestampMonotonic;
  const isLater = async () =>
    Number((await systemd.properties(UNIT)).WatchdogTimestampMonotonic) > Number(first) + WATCHDOG_S * 1e6;
  await until("signs of life over more than the watchdog's time", isLater, () => systemd.log());
  t.like(await systemd.properties(UNIT), { ActiveState: "active", NRestarts: "0" });

  await systemd.run("kill", "-STOP", (await systemd.properties(UNIT)).MainPID!);
  await systemd.has(UNIT, { NRestarts: "1", ActiveState: "active" });
});

need("root", "unshare", "nsenter", "systemd", "tun").test(
  "behind the unit's filter of system calls, TAPs come into named namespaces and into namespaces that CNFs hand over",
  async (t) => {
    const systemd = await booted(t);
    const { MainPID } = await systemd.properties(UNIT);
    const status = await systemd.run("cat", `/proc/${MainPID}/status`);
    t.regex(status, /^NoNewPrivs:\t1$/m);
    t.regex(status, /^Seccomp:\t2$/m);

    await systemd.run("ip", "netns", "add", "cnf");
    await systemd.run("vpp-punt", "apply", "--wait", "/named.yaml");
    t.regex(await systemd.run("ip", "-n", "cnf", "-o", "link"), /LOWER_UP.*02:/);

    const module = ["--input-type=module", "-e", CNF];
    const told = JSON.parse(await systemd.run("unshare", "--net", process.execPath, ...module));
    t.is(told.state, "CREATED");
    t.is(told.devices.length, 1);
  },
);
