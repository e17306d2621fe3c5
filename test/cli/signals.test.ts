// Signals to commands that have not yet begun their work.
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { end, start } from "../support/cli/command.js";

const SPAN = "{ cnf: a, type: SPAN, interconnect: MEMIF, vppInterface: eth0, direction: rx }";

function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-signals-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

for (const [title, option] of [
  ["VPP", "--vpp"],
  ["a daemon", "--socket"],
] as const)
  test(`run ends at a signal while it waits for ${title}, and says that nothing was changed`, async (t) => {
    const folder = folderOf(t);
    const [file, socket, store] = [join(folder, "punts.yaml"), join(folder, "s"), join(folder, "store.json")];
    writeFileSync(file, `punts: [${SPAN}]`);
    // It takes the connection and says nothing.
    const server = createServer().listen(socket);
    t.teardown(() => server.close());
    await once(server, "listening");
    const where = option === "--vpp" ? ["--vpp", socket, "--store", store] : ["--socket", socket];
    const run = start(["run", file, ...where]);
    t.teardown(() => end(run, "SIGKILL"));
    const [connection] = await once(server, "connection");
    t.teardown(() => connection.destroy());
    const errors = run.stderr!.toArray();
    t.deepEqual(await end(run, "SIGINT"), [130, null]);
    t.is((await errors).join(""), "vpp-punt: interrupted by SIGINT: nothing was changed (ERR_INTERRUPTED)\n");
    t.deepEqual(readdirSync(folder), ["punts.yaml", "s"]);
  });

test("a daemon that a signal ends during its start leaves no folder behind", async (t) => {
  const folder = folderOf(t);
  const args = ["--socket", join(folder, "manager.sock"), "--state", join(folder, "state")];
  const daemon = start(["daemon", "--sim", ...args], { TMPDIR: folder });
  t.teardown(() => end(daemon, "SIGKILL"));
  daemon.stderr!.resume();
  while (!readdirSync(folder).some((name) => name.startsWith("vpp-"))) await sleep(1);
  t.deepEqual(await end(daemon, "SIGINT"), [0, null]);
  t.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith("vpp-")),
    [],
  );
});
