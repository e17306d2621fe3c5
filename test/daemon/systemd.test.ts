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
ExecStart=/usr/bin/env vpp-punt sim --directory /run/vpp --interface eth0
RuntimeDirectory=vpp
`;
const PUNTS = `punts:
  - { type: SPAN, cnf: monitor, key: eth0, interconnect: MEMIF, vppInterface: eth0 }
  - { type: PUNT_TO_SOCKET, cnf: dns, key: dns, interconnect: AF_UNIX, toHost: { af: IPV4, protocol: UDP, port: 53 } }
`;

async function booted(t: ExecutionContext, watchdog?: string): Promise<Systemd> {
  const files = {
    [`/units/${UNIT}`]: readFileSync("deploy/vpp-punt.service", "utf8"),
    "/units/vpp.service": SIM,
    "/etc/vpp-punt/daemon.yaml": "{}\n",
    "/punts.yaml": PUNTS,
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
  t.deepEqual(await states(), ["CREATED", "CREATED"]);

  await systemd.run("systemctl", "stop", UNIT);
  t.regex(await systemd.log(), /"the daemon stops"/);
  // After a bad status it would be "failed".
  t.like(await systemd.properties(UNIT), { ActiveState: "inactive", Result: "success" });
  // CNFs and VPP have these open.
  t.deepEqual((await systemd.run("ls", "/run/vpp-punt")).split("\n"), ["memif", "sockets", ""]);
});

test("the daemon answers systemd's watchdog, and a daemon that hangs is replaced", async (t) => {
  const systemd = await booted(t, "2");
  const first = (await systemd.properties(UNIT)).WatchdogTimestampMonotonic;
  const isLater = async () => Number((await systemd.properties(UNIT)).WatchdogTimestampMonotonic) > Number(first) + 2e6;
  await until("signs of life over more than the watchdog's time", isLater, () => systemd.log());
  t.like(await systemd.properties(UNIT), { ActiveState: "active", NRestarts: "0" });

  await systemd.run("kill", "-STOP", (await systemd.properties(UNIT)).MainPID!);
  await systemd.has(UNIT, { NRestarts: "1", ActiveState: "active" });
});
