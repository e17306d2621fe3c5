// `vpp-punt daemon`: its folders, and the sockets in them.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { cli, end, SPAN, site, start } from "../support/cli/command.js";

/** Starts a daemon with all of its folders below that of an embedded VPP. */
async function daemonOf(t: ExecutionContext) {
  const here = await site(t);
  const socket = here.at("manager.sock");
  const folders = ["--state", here.at("state"), "--socket-directory", here.at("cnfs")];
  const daemon = start(["daemon", "--vpp", here.at("api.sock"), "--socket", socket, ...folders, ...here.options]);
  t.teardown(() => end(daemon, "SIGKILL"));
  const env = { VPP_PUNT_SOCKET: socket };
  while ((await cli(["list"], { env })).status !== 0) await new Promise((resolve) => setTimeout(resolve, 50));
  return { here, daemon, env };
}

test("show says what to do about a punt that FAILED, and when a daemon tries again", async (t) => {
  const { here, env } = await daemonOf(t);
  const at = (path: string) =>
    `{ cnf: dns, type: PUNT_TO_SOCKET, toHost: { af: IPV4, protocol: UDP, port: 53 }, socketPath: ${here.at(path)} }`;
  const dns = at("a");
  t.is((await here.punts("add", at("b"), "--owner", "other")).status, 0);
  const own = ["--owner", "own", "--store", here.at("own.json")];
  for (const add of [cli(["add", dns], { env }), here.punts("add", dns, ...own)]) t.is((await add).status, 1);
  const remedy = "\nRemedy: +Delete it where it was made, [^\n]+\n";
  const attempts = "Attempts: +\\d+, the next one at \\d{4}-[-0-9T:.]+Z\nRequest:";
  t.regex((await cli(["show", "dns"], { env })).stdout, new RegExp(remedy + attempts));
  t.regex((await here.punts("show", "dns", ...own)).stdout, new RegExp(`${remedy}Request:`));
});

test("a user who may not write below /run names the folders of a daemon on the command line", async (t) => {
  const { here, daemon, env } = await daemonOf(t);
  t.true(statSync(here.at("cnfs")).isDirectory());
  // The daemon chooses the path of a punt socket. A manager of the command's own does not.
  const request = "{ cnf: dns, type: PUNT_TO_SOCKET, toHost: { af: IPV4, protocol: UDP, port: 53 } }";
  const added = await cli(["add", "--wait", request, "--json"], { env });
  t.regex(JSON.parse(added.stdout).punts[0].request.socketPath, /\/cnfs\/[0-9a-f]+\.sock$/);
  // So does a file. The path that a punt has is not a change.
  const file = await here.file([request, request.replaceAll("dns", "ntp").replace("53", "123")], "pathless.yaml");
  t.is((await cli(["validate", file])).stdout, `${file}: 2 punts, valid\n`);
  const planned = await cli(["plan", file], { env });
  t.regex(planned.stdout, /^\+ punt ntp: PUNT_TO_SOCKET over AF_UNIX\n/);
  t.regex(planned.stdout, /1 to add, 0 to update, 0 to delete/);
  const applied = await cli(["apply", file, "--wait", "--json"], { env });
  const { summary, punts } = JSON.parse(applied.stdout);
  t.like(summary, { added: 1, updated: 0, unchanged: 1, failed: 0 });
  for (const punt of punts) t.regex(punt.request.socketPath, /\/cnfs\/[0-9a-f]+\.sock$/);
  const alone = await here.punts("apply", file, "--owner", "other");
  t.is(alone.status, 2);
  t.regex(alone.stderr, /pathless\.yaml:2:5: punts\[0\]: socketPath: is missing .*\n.*pathless\.yaml:3:5: punts\[1\]/);
  const span = "{ cnf: late, type: SPAN, interconnect: MEMIF, vppInterface: eth9, direction: rx }";
  const late = await cli(["add", "--wait", "--timeout", "2000", span], { env });
  t.is(late.status, 4);
  t.regex(
    late.stderr,
    /not done within 2000 ms: late is \w+.*; the punt is stored; the daemon makes it, `vpp-punt delete` takes it back/,
  );
  const refused = await here.punts("add", request, "--owner", "other");
  t.is(refused.status, 2);
  t.regex(refused.stderr, /socketPath: is missing \(ERR_INVALID_REQUEST\)/);
  // The command line's store means a manager of the command's own, whatever daemon the environment names.
  const own = await cli(["list", "--vpp", here.at("api.sock"), "--store", here.at("own.json"), "--owner", "other"], {
    env,
  });
  t.is(own.stdout, "no punts\n", own.stderr);
  t.deepEqual(await end(daemon), [0, null]);
});

test("a daemon takes VPP's socket from the environment, and its log says whether VPP is there", async (t) => {
  const here = await site(t);
  const folders = ["--state", here.at("state"), "--socket-directory", here.at("cnfs")];
  const daemon = start(["daemon", "--socket", here.at("manager.sock"), ...folders, ...here.options], here.env);
  t.teardown(() => end(daemon, "SIGKILL"));
  let log = "";
  daemon.stderr!.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const said = async (text: string) => {
    while (!log.includes(text)) await once(daemon.stderr!, "data");
  };
  await said(`"vpp":"${here.at("api.sock")}","msg":"VPP is connected"`);
  await end(here.sim, "SIGKILL");
  await said("VPP is away: punts wait for it");
  t.deepEqual(await end(daemon), [0, null]);
  t.is(log.split("VPP is away").length, 2, log);
});

test("the folder of the daemon's socket is open to other users, and those of its files are not", async (t) => {
  const here = await site(t);
  const socket = here.at("run/manager.sock");
  const folders = ["--state", here.at("lib/state"), "--socket-directory", here.at("run/cnfs")];
  const memif = ["--memif-directory", here.at("run/memif")];
  const daemon = start(["daemon", "--vpp", here.at("api.sock"), "--socket", socket, ...folders, ...memif]);
  t.teardown(() => end(daemon, "SIGKILL"));
  while ((await cli(["list", "--socket", socket])).status !== 0);
  const added = await cli(["add", "--wait", SPAN, "--socket", socket]);
  t.is(added.status, 0, added.stderr);
  const modeOf = (name: string) => (statSync(here.at(name)).mode & 0o777).toString(8);
  const modes = ["run", "lib", "run/cnfs", "run/memif", "lib/state"].map(modeOf);
  // A CNF of any user looks whether its punt socket is still there.
  t.deepEqual(modes, ["755", "755", "751", "750", "750"]);
  t.deepEqual(await end(daemon), [0, null]);
});

/** The number of connections that the owner of a socket has taken. */
function connections(socket: string): number {
  const lines = readFileSync("/proc/net/unix", "utf8").split("\n");
  return lines.filter((line) => line.endsWith(` ${socket}`) && line.split(/\s+/)[5] === "03").length;
}

test("commands that go on for long go on over a restart of the daemon", async (t) => {
  const here = await site(t);
  const socket = here.at("manager.sock");
  const folders = ["--state", here.at("state"), "--socket-directory", here.at("cnfs")];
  const run = () => start(["daemon", "--vpp", here.at("api.sock"), "--socket", socket, ...folders, ...here.options]);
  const env = { VPP_PUNT_SOCKET: socket };
  const isThere = async () => (await cli(["list"], { env })).status === 0;
  let daemon = run();
  t.teardown(() => end(daemon, "SIGKILL"));
  while (!(await isThere())) await new Promise((resolve) => setTimeout(resolve, 50));
  const waiting = cli(["wait", "late", "--timeout", "100000"], { env });
  const programs = [
    ["list", "--watch"],
    ["top", "--interval", "100"],
  ].map((args) => {
    const program = start([...args, "--json"], env);
    t.teardown(() => end(program, "SIGKILL"));
    let output = "";
    program.stdout!.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    return { program, output: () => output };
  });
  const have = async (pattern: RegExp) => {
    for (const { output } of programs)
      while (!pattern.test(output())) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await have(/"punts":\[\]/);
  // Only a command that has been answered goes on. `wait` prints nothing: it has its connection, and a later program its answer.
  while (connections(socket) <= programs.length) await new Promise((resolve) => setTimeout(resolve, 50));
  t.true(await isThere());
  await end(daemon, "SIGKILL");
  t.false(await isThere());
  daemon = run();
  while (!(await isThere())) await new Promise((resolve) => setTimeout(resolve, 50));
  const added = await cli(["add", "{ cnf: late, type: SPAN, interconnect: MEMIF, vppInterface: eth0 }"], { env });
  t.is(added.status, 0, added.stderr);
  await have(/"cnf":"late"/);
  for (const { program } of programs) t.deepEqual(await end(program), [0, null]);
  const waited = await waiting;
  t.is(waited.status, 0, waited.stderr);
  t.deepEqual(await end(daemon), [0, null]);
});

test("the owners and groups of sockets are given by name or number, and an unknown name is refused", async (t) => {
  const here = await site(t);
  const name = (flag: string) => execFileSync("id", [flag], { encoding: "utf8" }).trim();
  const [user, group, number] = [name("-un"), name("-gn"), Number(name("-g"))];
  const config = here.at("daemon.yaml");
  const options = ["daemon", "--sim", "--socket", here.at("manager.sock"), "--config", config];
  const socket = { path: here.at("dns.sock"), cnf: "dns", owner: user, group };
  writeFileSync(config, JSON.stringify({ state: here.at("state"), socketGroup: "nobody knows", sockets: [socket] }));
  const refused = await cli(options);
  t.not(refused.status, 0);
  t.regex(
    refused.stderr,
    /daemon\.yaml: socketGroup: the group "nobody knows": this machine has no such name \(ERR_OPTION\)\n$/,
  );
  for (const given of [group, `${number}`]) {
    const daemon = start([...options, "--socket-group", given], {});
    t.teardown(() => end(daemon, "SIGKILL"));
    while ((await cli(["list", "--socket", here.at("dns.sock")])).status !== 0);
    for (const file of ["manager.sock", "dns.sock"]) t.is(statSync(here.at(file)).gid, number);
    t.deepEqual(await end(daemon), [0, null]);
  }
});

for (const [file, flags, fault] of [
  [{ vpSocket: "/run/vpp.sock" }, [], "F: option vpSocket does not exist"],
  [{ manager: { owner: 5 } }, [], "F: option manager.owner must be "],
  [{ manager: 5 }, [], "F: option manager must be an object; got 5"],
  [{ stonework: { grpcPort: -1 } }, [], "F: option stonework.grpcPort must be "],
  [{ socketGroup: "users" }, ["--socket-group", "nobody knows"], "socketGroup: the group "],
  [{ etcd: { host: "h1" } }, ["--etcd", "127.0.0.1:1"], "option etcd.endpoints must be "],
] as const) {
  const given = [JSON.stringify(file), ...flags].join(" ");
  test(`an option of a daemon is refused with the file that has it, if it is of the file: ${given}`, async (t) => {
    const here = await site(t);
    const path = here.at("daemon.yaml");
    writeFileSync(path, JSON.stringify({ state: here.at("state"), ...file }));
    const folders = [
      "--socket",
      here.at("manager.sock"),
      "--socket-directory",
      here.at("cnfs"),
      "--vpp",
      here.at("api.sock"),
    ];
    const refused = await cli(["daemon", "--config", path, ...folders, ...flags]);
    t.is(refused.status, 2, refused.stderr);
    t.true(refused.stderr.includes(`: ${fault.replace("F", path)}`), refused.stderr);
  });
}
