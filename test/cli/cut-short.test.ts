// Waits of commands that end early: they say what was waited for, and what is left, as far as it is known.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { end, site, start } from "../support/cli/command.js";
import { until } from "../support/until.js";

const TYPO = "{ cnf: t, type: SPAN, interconnect: MEMIF, vppInterface: host-typo }";
const WAITS = "t is PENDING \\(VPP interface host-typo\\); ";
const EXPLAINED = "`vpp-punt explain t` says what stops it\n$";

test("add --wait and apply --wait give the reason why the punt is not CREATED", async (t) => {
  const vpp = await site(t);
  const file = await vpp.file([TYPO]);
  for (const args of [
    ["add", TYPO],
    ["apply", file],
  ]) {
    const { status, stderr } = await vpp.punts(...args, "--wait", "--timeout", "2000");
    t.is(status, 4);
    t.regex(stderr, new RegExp(`^punt\\.\\w+: not done within 2000 ms: ${WAITS}.* stored.*\\. ${EXPLAINED}`));
  }
  t.is((await vpp.punts("delete", "t")).status, 0);
  for (const args of [
    ["add", TYPO],
    ["apply", file],
  ]) {
    const command = start([...args, "--wait", ...vpp.options], vpp.env);
    t.teardown(() => end(command, "SIGKILL"));
    const errors = command.stderr!.toArray();
    await until(async () => (await vpp.listed()).length > 0);
    // The manager looks at VPP right after it has stored the punt.
    await sleep(500);
    t.deepEqual(await end(command, "SIGINT"), [130, null]);
    t.regex(
      (await errors).join(""),
      new RegExp(`^vpp-punt: interrupted by SIGINT: ${WAITS}.* stored.*\\. ${EXPLAINED}`),
    );
    t.is((await vpp.punts("delete", "t")).status, 0);
  }
});

/** Starts a command whose daemon takes the connection and says nothing, like a stopped process. Resolves once it has asked with that word. */
async function unanswered(t: ExecutionContext, word: string, ...args: string[]): Promise<ChildProcess> {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-cut-"));
  const socket = join(folder, "m.sock");
  const server = createServer().listen(socket);
  await once(server, "listening");
  const command = start([...args, "--socket", socket]);
  t.teardown(async () => {
    await end(command, "SIGKILL");
    server.close();
    await rm(folder, { recursive: true });
  });
  const [connection] = await once(server, "connection");
  t.teardown(() => connection.destroy());
  let heard = "";
  connection.setEncoding("latin1").on("data", (text: string) => {
    heard += text;
  });
  await until(() => heard.includes(word));
  return command;
}

test("an add that the daemon has not answered does not say that its punt is stored", async (t) => {
  const add = await unanswered(t, "host-typo", "add", TYPO);
  const errors = add.stderr!.toArray();
  t.deepEqual(await end(add, "SIGINT"), [130, null]);
  t.is(
    (await errors).join(""),
    "vpp-punt: interrupted by SIGINT: whether the punt is stored is not known: the daemon has not answered (ERR_INTERRUPTED)\n",
  );
});

test("wait ends at a signal, also while the daemon does not answer", async (t) => {
  const wait = await unanswered(t, "PRI", "wait", "old", "--timeout", "100000");
  const errors = wait.stderr!.toArray();
  const begin = performance.now();
  t.deepEqual(await end(wait, "SIGINT"), [130, null]);
  t.true(performance.now() - begin < 60_000);
  t.is((await errors).join(""), "vpp-punt: interrupted by SIGINT: nothing was changed (ERR_INTERRUPTED)\n");
});
