// `vpp-punt doctor` and managers that are the user's own programs, which have marks in VPP.
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import type { Machine } from "../../lib/cli/doctor/check.js";
import { secondManager } from "../../lib/cli/doctor/manager-check.js";
import { apiSocket, puntSocket } from "../../lib/cli/doctor/socket-checks.js";
import { connectPunts } from "../../lib/module/index.js";
import { DEFAULT_OWNER, EmulatedHost, PuntManager } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { LateVpp } from "../../lib/vpp/index.js";
import { cli, end, start } from "../support/cli/command.js";

interface Found {
  readonly level: string;
  readonly what: string;
  readonly remedy: string;
}

function findingsIn(stdout: string, name: string): readonly Found[] {
  const { checks } = JSON.parse(stdout) as { checks: { check: string; findings: Found[] }[] };
  return checks.find(({ check }) => check === name)!.findings;
}

test("a program that manages the punts of the usual owner is found by its mark in VPP", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "vpp-punt-doctor-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  await using embedded = await EmbeddedVpp.start({ directory });
  const doctor = async () => {
    const { stdout } = await cli(["doctor", "--vpp", embedded.apiSocket, "--socket", join(directory, "no"), "--json"]);
    // Other tests have managers that are commands.
    return findingsIn(stdout, "second manager").filter(({ what }) => what.startsWith("a program"));
  };
  t.deepEqual(await doctor(), []);
  await using vpp = await Vpp.connect({ socketPath: embedded.apiSocket });
  await using other = await PuntManager.start({ vpp, owner: "other", host: new EmulatedHost(embedded) });
  await other.resync();
  t.deepEqual(await doctor(), []);
  await using manager = await PuntManager.start({ vpp, host: new EmulatedHost(embedded) });
  await manager.resync();
  const [finding, ...more] = await doctor();
  t.deepEqual(more, []);
  t.is(finding!.level, "advice");
  t.true(finding!.what.includes(`pid ${process.pid}) manages the punts of the owner ${DEFAULT_OWNER} in this VPP`));
  t.regex(finding!.remedy, /^let the program do it, or kill \d+, or give one of the two another owner and store$/);
});

test("a program that waits for the end of another manager is found by its mark in VPP", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "vpp-punt-doctor-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  await using embedded = await EmbeddedVpp.start({ directory });
  const doctor = async () => {
    const { stdout } = await cli(["doctor", "--vpp", embedded.apiSocket, "--socket", join(directory, "no"), "--json"]);
    return findingsIn(stdout, "second manager").filter(({ what }) => what.startsWith("a manager"));
  };
  const host = new EmulatedHost(embedded);
  await using first = await Vpp.connect({ socketPath: embedded.apiSocket });
  const holder = await PuntManager.start({ vpp: first, owner: "mine", host });
  const late = join(directory, "late.sock");
  const vpp = new LateVpp(late);
  t.teardown(() => vpp.close());
  await using waiting = await PuntManager.start({ vpp, owner: "mine", host });
  const refused = new Promise((resolve) => waiting.on("problem", resolve));
  symlinkSync(embedded.apiSocket, late);
  await refused;
  await t.throwsAsync(waiting.resync(), { code: "ERR_OWNER_BUSY" });
  const [finding, ...more] = await doctor();
  t.deepEqual(more, []);
  t.is(finding!.level, "problem");
  const processes = `pid ${process.pid}\\) waits for the end of another manager \\(.*pid ${process.pid}\\)`;
  t.regex(finding!.what, new RegExp(processes));
  t.is(finding!.remedy, `kill ${process.pid}, or give it another owner and store`);
  await holder.close();
  await waiting.resync();
  t.deepEqual(await doctor(), []);
});

interface Listed {
  readonly pid: number;
  readonly owner: string;
  readonly isWaiting?: boolean;
}

/** A machine with daemons, usually one as process 80, and a program as process 90; `daemonPid`: process 80's number in its own namespace. */
function machineWith(listed: readonly Listed[], daemonPid = 80, daemons = [80]): Machine {
  const processes = [
    ...daemons.map((pid) => ({ pid, words: ["node", "/usr/bin/vpp-punt", "daemon"] })),
    { pid: 90, words: ["node", "app.js", "--secret"] },
  ];
  const managers = listed.map(({ pid, owner, isWaiting = false }) => {
    return { pid, isWaiting, ownerHash: owner, isOf: (name: string) => name === owner };
  });
  return {
    ...{ vppSocket: "/run/vpp/api.sock", daemonSocket: "/run/vpp-punt/manager.sock", exists: () => true },
    ...{ processes: () => processes, mayInspect: () => true, variable: () => undefined, textOf: () => undefined },
    ...{ fileOf: () => "1:2", fileAt: () => "1:2", ownPid: (pid: number) => (pid === 80 ? daemonPid : pid) },
    askManagers: async () => managers,
  } as unknown as Machine;
}

test("a program and a command that manage one owner's punts are a problem", async (t) => {
  const found = async (...args: Parameters<typeof machineWith>) =>
    (await secondManager.run(machineWith(...args))).map(({ level, what }) => `${level}: ${what}`);
  t.deepEqual(await found([{ pid: 90, owner: DEFAULT_OWNER }]), [
    "problem: a program (node app.js, pid 90) and vpp-punt (pid 80) manage the same owner's punts in the same VPP",
  ]);
  t.deepEqual(await found([{ pid: 7, owner: DEFAULT_OWNER }]), [
    "problem: a program (in another PID namespace, pid 7) and vpp-punt (pid 80) manage the same owner's punts in the same VPP",
  ]);
  t.deepEqual(await found([{ pid: 90, owner: "other" }]), []);
  t.deepEqual(await found([{ pid: 80, owner: DEFAULT_OWNER }]), []);
  // The daemon of a container.
  t.deepEqual(await found([{ pid: 1, owner: DEFAULT_OWNER }], 1), []);
});

test("a manager that waits is named, with the manager before it", async (t) => {
  const found = async (...args: Parameters<typeof machineWith>) =>
    (await secondManager.run(machineWith(...args))).map(({ what, remedy }) => `${what}: ${remedy}`);
  const owner = DEFAULT_OWNER;
  const isWaiting = true;
  const remedy = "kill 90, or give it another owner and store";
  t.deepEqual(
    await found([
      { pid: 80, owner },
      { pid: 90, owner, isWaiting },
    ]),
    [
      `a manager (node app.js, pid 90) waits for the end of another manager (node /usr/bin/vpp-punt, pid 80) of the same owner in the same VPP: ${remedy}`,
    ],
  );
  t.deepEqual(await found([{ pid: 90, owner, isWaiting }]), [
    `a manager (node app.js, pid 90) waits for the end of another manager of the same owner in the same VPP: ${remedy}`,
  ]);
  // Two daemons are found as commands: the second one waits, and is reported once.
  const daemons: Parameters<typeof machineWith> = [
    [
      { pid: 80, owner, isWaiting },
      { pid: 81, owner },
    ],
    80,
    [80, 81],
  ];
  t.deepEqual(await found(...daemons), [
    "a second manager with the same owner and the same VPP runs here (pid 80): kill 80, or give it another --owner and --store",
  ]);
});

test("doctor looks at the VPP of a daemon that has its own", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "vpp-punt-doctor-"));
  const socket = join(directory, "manager.sock");
  const daemon = start(["daemon", "--sim", "--socket", socket, "--state", join(directory, "state")]);
  t.teardown(async () => {
    await end(daemon, "SIGKILL");
    rmSync(directory, { recursive: true });
  });
  daemon.stderr!.resume();
  {
    await using punts = await connectPunts({ socket, wait: true });
    t.regex((await punts.info()).vppSocket!, /api\.sock$/);
  }
  const { stdout } = await cli(["doctor", "--socket", socket, "--json"]);
  for (const name of ["API socket", "startup.conf", "daemon"]) t.deepEqual(findingsIn(stdout, name), [], name);
});

test("for a user whose daemon does not name its VPP, a missing API socket is not a problem", async (t) => {
  const vppSocket = "/nonexistent/api.sock";
  const machine = { vppSocket, path: (path: string) => path, isServed: true } as unknown as Machine;
  const [finding] = await apiSocket.run(machine);
  t.is(finding!.level, "advice");
  t.is(finding!.what, `the API socket ${vppSocket} is missing; the daemon is connected with its VPP elsewhere`);
});

test("for a user whom a daemon serves, sockets of VPP that the user may not open are not a problem", async (t) => {
  await using vpp = await EmbeddedVpp.start();
  const closed = { vppSocket: vpp.apiSocket, path: (path: string) => path, askVpp: async () => "EACCES" };
  const files = { closedFolder: () => undefined, groupOf: () => 4711, text: () => "vpp:x:4711:\n" };
  const found = (isServed: boolean) => apiSocket.run({ ...closed, ...files, isServed } as unknown as Machine);
  t.like(await found(false), [{ level: "problem", why: "only root and that group may use VPP's API" }]);
  t.like(await found(true), [{ level: "advice", what: (await found(false))[0]!.what }]);
  t.deepEqual(await puntSocket.run({ isServed: true } as Machine), []);
});
