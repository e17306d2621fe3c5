// `vpp-punt daemon`: its folders.
import { statSync } from "node:fs";
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
  t.deepEqual(await end(daemon), [0, null]);
});
