// `vpp-punt daemon`: its folders, and the sockets in them.
import { execFileSync } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import test from "ava";
import { cli, end, site, start } from "../support/cli/command.js";

test("a user who may not write below /run names the folders of a daemon on the command line", async (t) => {
  const here = await site(t);
  const socket = here.at("manager.sock");
  const folders = ["--state", here.at("state"), "--socket-directory", here.at("cnfs")];
  const daemon = start(["daemon", "--vpp", here.at("api.sock"), "--socket", socket, ...folders, ...here.options]);
  t.teardown(() => end(daemon, "SIGKILL"));
  const env = { VPP_PUNT_SOCKET: socket };
  while ((await cli(["list"], { env })).status !== 0) await new Promise((resolve) => setTimeout(resolve, 50));
  t.true(statSync(here.at("cnfs")).isDirectory());
  // The daemon chooses the path of a punt socket. A manager of the command's own does not.
  const request = "{ cnf: dns, type: PUNT_TO_SOCKET, toHost: { af: IPV4, protocol: UDP, port: 53 } }";
  const added = await cli(["add", "--wait", request, "--json"], { env });
  t.regex(JSON.parse(added.stdout).punts[0].request.socketPath, /\/cnfs\/[0-9a-f]+\.sock$/);
  const span = "{ cnf: late, type: SPAN, interconnect: MEMIF, vppInterface: eth9, direction: rx }";
  const late = await cli(["add", "--wait", "--timeout", "200", span], { env });
  t.is(late.status, 4);
  t.regex(
    late.stderr,
    /not done within 200 ms: the punt is stored; the daemon makes it, `vpp-punt delete` takes it back/,
  );
  const refused = await here.punts("add", request, "--owner", "other");
  t.is(refused.status, 2);
  t.regex(refused.stderr, /socketPath: is missing \(ERR_INVALID_REQUEST\)/);
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
  t.regex(refused.stderr, /socketGroup: the group "nobody knows": this machine has no such name \(ERR_OPTION\)\n$/);
  for (const given of [group, `${number}`]) {
    const daemon = start([...options, "--socket-group", given], {});
    t.teardown(() => end(daemon, "SIGKILL"));
    while ((await cli(["list", "--socket", here.at("dns.sock")])).status !== 0);
    for (const file of ["manager.sock", "dns.sock"]) t.is(statSync(here.at(file)).gid, number);
    t.deepEqual(await end(daemon), [0, null]);
  }
});
