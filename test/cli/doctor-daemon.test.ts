// `vpp-punt doctor` and the role of a daemon of a host in etcd.
import test from "ava";
import type { Machine } from "../../lib/cli/doctor/check.js";
import { findingsOf } from "../../lib/cli/doctor/daemon-role.js";
import { daemonSocket } from "../../lib/cli/doctor/socket-checks.js";
import { cli } from "../support/cli/command.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { freePort } from "../support/free-port.js";

test("a daemon that etcd does not answer is found, and a daemon without etcd is not", async (t) => {
  const etcd = { endpoints: `http://127.0.0.1:${await freePort()}`, host: "edge1" };
  for (const [options, found] of [
    [{}, []],
    [
      { etcd },
      ["the daemon at /run/vpp-punt/manager.sock gets no answer from etcd, which has the punts of host edge1"],
    ],
  ] as const) {
    const { socket } = await daemonTest(t, options);
    const daemon = "/run/vpp-punt/manager.sock";
    const machine = { daemonSocket: daemon, exists: () => true, path: () => socket } as unknown as Machine;
    const findings = await daemonSocket.run(machine);
    t.deepEqual(
      findings.map(({ what }) => what),
      found,
    );
  }
});

test("a socket that the user names is to have a daemon", async (t) => {
  const { stdout } = await cli(["doctor", "--socket", "/nonexistent/manager.sock", "--json"]);
  const { checks } = JSON.parse(stdout) as { checks: { check: string; findings: { what: string }[] }[] };
  const found = checks.find(({ check }) => check === "daemon")!.findings.map(({ what }) => what);
  t.deepEqual(found, ["no daemon listens at its socket /nonexistent/manager.sock (ENOENT)"]);
});

test("each role that changes nothing has a remedy", (t) => {
  for (const [role, what, remedy] of [
    ["halted", /another history/, /^vpp-punt resume --etcd <urls> --host edge1/],
    ["other-vpp", /another VPP than a, which manages host edge1/, /`vppSocket`/],
    ["cut-off", /no answer from etcd/, /etcd\.endpoints/],
  ] as const) {
    const [finding] = findingsOf({ host: "edge1", role, daemon: "a" }, "/run/a.sock");
    t.regex(finding!.what, what);
    t.regex(finding!.remedy, remedy);
  }
  for (const role of ["leader", "standby"]) t.deepEqual(findingsOf({ host: "edge1", role, daemon: "a" }, ""), []);
});
