// `vpp-punt info`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { type Capability, collectInfo } from "../../lib/cli/commands/info.js";
import { native } from "../../lib/native.js";
import { FEATURE_NEEDS } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { main } from "../support/cli/command.js";

/** The command as a user runs it. */
function runInfo(args: string[], env: NodeJS.ProcessEnv = {}) {
  const options = { encoding: "utf8", env: { ...process.env, ...env } } as const;
  return spawnSync(process.execPath, [main, "info", ...args], options);
}

test("--json prints one object with the documented fields", (t) => {
  const { status, stdout } = runInfo(["--json"]);
  t.is(status, 0);
  const info = JSON.parse(stdout);
  const fields = ["addon", "engines", "kernel", "libc", "node", "platform", "transports", "version", "vpp"];
  t.deepEqual(Object.keys(info).sort(), fields);
  t.true(info.addon.loaded);
  t.true(info.engines.builtin.available);
  t.is(typeof info.kernel.limits[0].value, "number");
});

test("for a library that is not linked in, every place is listed where the build looked", async (t) => {
  const info = await collectInfo("/nowhere/api.sock");
  const linked: [Capability, boolean][] = [
    [info.engines.libmemif, native.buildInfo().libmemif],
    [info.transports.vapi, native.buildInfo().vapi],
  ];
  for (const [capability, isLinked] of linked) {
    t.is(capability.available, isLinked);
    t.is(capability.reason === undefined, isLinked);
    t.true(capability.looked!.length > 0);
  }
});

test("info distinguishes an API socket that listens, a socket that was left behind, and a missing socket", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-info-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "api.sock");
  t.is((await collectInfo(path)).vpp.state, "absent");
  const server = createServer((socket) => socket.resume()).listen(path);
  await new Promise((resolve) => server.once("listening", resolve));
  t.is((await collectInfo(path)).vpp.state, "listening");
  // Killed, a server leaves its socket file: this one is bound by a process that is gone.
  const left = join(folder, "left.sock");
  const script = `require("net").createServer().listen(${JSON.stringify(left)}, () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", script]);
  t.is((await collectInfo(left)).vpp.state, "refused");
  await new Promise((resolve) => server.close(resolve));
});

test("an addon that does not load is reported, not thrown", (t) => {
  const { status, stdout } = runInfo(["--json"], { VPP_PUNT_PREBUILD: "/nowhere", PREBUILDS_ONLY: "1" });
  t.is(status, 0);
  const info = JSON.parse(stdout);
  t.false(info.addon.loaded);
  t.regex(info.addon.error, /No native build was found/);
  t.false(info.engines.builtin.available);
});

test("the text names each missing part, and the places where the build looked for it", (t) => {
  const { status, stdout } = runInfo([]);
  t.is(status, 0);
  t.regex(stdout, /memif engines:\n {2}builtin: yes/);
  t.regex(stdout, /net\.unix\.max_dgram_qlen +\d+/);
});

test("info lists the features of the running VPP by the table of messages, and tells a missing plugin from a missing message", async (t) => {
  await using vpp = await EmbeddedVpp.start({ release: "22.10", withoutPlugins: ["isisx"] });
  const { version, features } = (await collectInfo(vpp.apiSocket)).vpp;
  t.regex(version!, /^22\.10/);
  t.deepEqual(
    features!.map(({ feature }) => feature),
    Object.keys(FEATURE_NEEDS) as (keyof typeof FEATURE_NEEDS)[],
  );
  const of = (name: string) => features!.find(({ feature }) => feature === name)!;
  t.deepEqual(of("memif").instead, ["memif_create", "memif_socket_filename_add_del"]);
  t.deepEqual([of("span").available, of("span").instead], [true, []]);
  t.is(of("isisx").code, "ERR_PLUGIN_MISSING");
  t.is(of("linux-cp-osi").code, "ERR_MESSAGE_MISSING");
  t.regex(of("linux-cp-osi").reason!, /no message lcp_osi_proto_enable/);
});
