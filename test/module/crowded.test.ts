// A daemon that is there, and whose socket has a full queue of connections.
import { renameSync, symlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { connectPunts } from "../../lib/module/index.js";
import { cli } from "../support/cli/command.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { fullSocket } from "../support/machine/full-socket.js";

test("a call that does not wait for a daemon waits for room in its socket's queue", async (t) => {
  const { directory, socket } = await daemonTest(t);
  const crowded = join(directory, "crowded.sock");
  await fullSocket(t, crowded);
  await using punts = await connectPunts({ socket: crowded });
  const listed = punts.list();
  await sleep(100);
  // Now the daemon has room. It would close a socket that is moved away.
  symlinkSync(socket, `${crowded}.new`);
  renameSync(`${crowded}.new`, crowded);
  t.deepEqual(await listed, []);
});

test("the queue that stays full is named, in a program and on the command line", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-crowded-"));
  t.teardown(() => rm(folder, { recursive: true }));
  const socket = join(folder, "manager.sock");
  await fullSocket(t, socket);
  await using punts = await connectPunts({ socket });
  const busy =
    /the daemon at .*manager\.sock takes no connection: it is busy or stopped, and the queue of its socket is full/;
  await t.throwsAsync(async () => punts.list(), { code: "ERR_DISCONNECTED", message: busy });
  const { stderr } = await cli(["list", "--socket", socket]);
  t.regex(stderr, busy);
  t.notRegex(stderr, /Start one/);
});
