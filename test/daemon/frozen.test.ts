// A daemon whose process is stopped: it takes connections and says nothing.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { connectPunts } from "../../lib/module/index.js";
import { cli, end, start } from "../support/cli/command.js";

const SPAN = { cnf: "tap", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth9" } as const;

/** Resolves when the daemon answers. */
async function ready(socket: string): Promise<void> {
  await using punts = await connectPunts({ socket, wait: true });
  await punts.info();
}

test("calls and commands end with a clear error, and go on when the daemon does", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-frozen-"));
  const socket = join(folder, "manager.sock");
  const daemon = start(["daemon", "--sim", "--socket", socket, "--state", join(folder, "state")]);
  t.teardown(async () => {
    daemon.kill("SIGCONT");
    await end(daemon, "SIGKILL");
    await rm(folder, { recursive: true });
  });
  daemon.stderr!.resume();
  await ready(socket);
  await using before = await connectPunts({ socket, answerTimeout: 200 });
  // Its connection is open, and a busy machine may make its first answer late.
  await before.info().catch(() => {});
  daemon.kill("SIGSTOP");
  await using after = await connectPunts({ socket, answerTimeout: 200 });
  for (const punts of [before, after]) {
    const silent = { code: "ERR_DISCONNECTED", message: /does not answer within 200 ms: it is stopped, or too busy/ };
    await t.throwsAsync(async () => punts.list(), silent);
    await t.throwsAsync(punts.add(SPAN), {
      ...silent,
      message: /busy; whether the call was carried out is not known$/,
    });
  }
  for (const command of [["list"], ["delete", "tap"], ["dump", "tap"]]) {
    const { status, stderr } = await cli([...command, "--socket", socket, "--timeout", "1"]);
    t.is(status, 5, stderr);
    t.regex(stderr, /does not answer within 1000 ms: it is stopped, or too busy .*\(ERR_DISCONNECTED\)/);
  }
  daemon.kill("SIGCONT");
  await using punts = await connectPunts({ socket });
  await t.notThrowsAsync(async () => punts.list());
});

test("a daemon that works on a call for long is not taken for a silent one", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-frozen-"));
  const socket = join(folder, "manager.sock");
  const daemon = start(["daemon", "--sim", "--socket", socket, "--state", join(folder, "state")]);
  t.teardown(async () => {
    await end(daemon, "SIGKILL");
    await rm(folder, { recursive: true });
  });
  daemon.stderr!.resume();
  await ready(socket);
  await using punts = await connectPunts({ socket });
  await t.throwsAsync(punts.add(SPAN, { waitFor: "CREATED", timeout: 8_000 }), { code: "ETIMEDOUT" });
});
