// The queue of a datagram socket that another process holds: what waits, and the block that keeps it empty.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { isStopped, SocketSearch } from "../../lib/daemon/attach/process-state.js";
import {
  bindPuntSocket,
  blockDatagrams,
  connectPuntSocket,
  openNamespace,
  queueLength,
  takeDatagramSocket,
  unblockDatagrams,
} from "../../lib/descriptor/index.js";
import { PuntInjector, PuntSocket } from "../../lib/punt-socket/index.js";

test("a queue is measured, emptied and blocked, and gets packets again", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "vpp-punt-queue-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, "cnf.sock");
  const owner = bindPuntSocket({ path });
  t.teardown(() => owner.close());
  const sender = PuntInjector.open({
    descriptor: connectPuntSocket(path),
    knownInterfaces: () => true,
  });
  t.teardown(() => sender.close());
  const send = () => sender.inject(0, 1, new Uint8Array(64));
  const placeOf = (path: string) => new SocketSearch(process.pid, path).step({ left: 100_000 });
  const place = placeOf(path)!;
  t.is(place.number, owner.fd);
  t.is(placeOf(`${path}x`), undefined);
  const taken = takeDatagramSocket(process.pid, place.number, place.inode);
  t.teardown(() => taken.close());
  t.throws(() => takeDatagramSocket(process.pid, place.number, place.inode + 1), { code: "EBADF" });
  using file = openNamespace("/proc/self/ns/net");
  t.throws(
    () => takeDatagramSocket(process.pid, file.fd, place.inode),
    { code: "ENOTSOCK" },
    "asked for its kind first",
  );
  t.deepEqual(queueLength(taken), { datagrams: 0, bytes: 0 });
  t.true(send() && send() && send());
  t.deepEqual(queueLength(taken), { datagrams: 3, bytes: 3 * 72 });
  t.deepEqual(queueLength(taken), { datagrams: 3, bytes: 3 * 72 }, "they stay");
  t.is(blockDatagrams(taken), 3);
  t.throws(send, { code: "EPERM" });
  t.is(queueLength(taken).datagrams, 0);
  using reader = PuntSocket.open({ descriptor: owner.duplicate() });
  t.false(reader.stats().connected, "the program sees that it is cut off");
  unblockDatagrams(taken, "");
  reader.close();
  const again = PuntInjector.open({ descriptor: connectPuntSocket(path), knownInterfaces: () => true });
  t.teardown(() => again.close());
  t.true(again.inject(0, 1, new Uint8Array(64)));
  t.is(queueLength(taken).datagrams, 1);
});

test("a process is stopped between SIGSTOP and SIGCONT, and not while its JavaScript is busy", async (t) => {
  const child = spawn(process.execPath, ["-e", "console.log(1); for (;;);"]);
  t.teardown(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const pid = child.pid!;
  t.false(isStopped(pid));
  child.kill("SIGSTOP");
  while (!/\) T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) await sleep(10);
  // A thread that was in the kernel stops a moment later than the first one.
  while (!isStopped(pid)) await sleep(10);
  child.kill("SIGCONT");
  while (isStopped(pid)) await sleep(10);
  t.pass();
});
