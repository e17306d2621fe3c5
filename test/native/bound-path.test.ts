// The file of a socket: stale ones are replaced, and no two owners share one path.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import test from "ava";
import { PuntSocket } from "../../lib/punt-socket/index.js";
import { need } from "../support/need.js";
import { open, socketFolder } from "../support/punt-socket/peer.js";

const library = JSON.stringify(new URL("../../lib/punt-socket/index.js", import.meta.url).href);

/** Opens a socket at each path in turn, all threads at the same moment, and says at which it succeeded. */
const RACER = `
  const { parentPort, workerData: { gate, count, paths } } = require("node:worker_threads");
  import(${library}).then(({ PuntSocket }) => {
    const sockets = paths.map((path, i) => {
      Atomics.add(gate, i, 1);
      while (Atomics.load(gate, i) < count);
      try {
        return PuntSocket.open({ path, vppPath: null, onWarning: () => {}, ringBytes: 2 ** 21 });
      } catch {
        return undefined;
      }
    });
    parentPort.postMessage(sockets.map((socket) => socket !== undefined));
    parentPort.once("message", () => { for (const socket of sockets) socket?.close(); });
  });`;

test("if several processes open one stale path at the same moment, exactly one owns it", async (t) => {
  const folder = socketFolder(t);
  const paths = Array.from({ length: 100 }, (_, i) => join(folder, `${i}`));
  // A process that is killed leaves its files behind.
  const kill = `import(${library}).then(({ PuntSocket }) => {
    for (const path of ${JSON.stringify(paths)}) PuntSocket.open({ path, vppPath: null, onWarning: () => {}, ringBytes: 2 ** 21 });
    process.kill(process.pid, "SIGKILL");
  })`;
  spawnSync(process.execPath, ["-e", kill], { timeout: 60_000 });
  t.true(paths.every((path) => existsSync(path)));
  const count = 2;
  const gate = new Int32Array(new SharedArrayBuffer(4 * paths.length));
  const workers = Array.from({ length: count }, () => {
    return new Worker(RACER, { eval: true, execArgv: [], workerData: { gate, count, paths } });
  });
  const won = await Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0] as boolean[]));
  const owners = paths.map((_, i) => won.filter((list) => list[i]).length);
  t.deepEqual(owners, Array(paths.length).fill(1));
  for (const worker of workers) worker.postMessage("close");
  await Promise.all(workers.map((worker) => once(worker, "exit")));
  t.false(paths.some((path) => existsSync(path)));
});

test("another kind of socket at the path is a living owner, and stays", async (t) => {
  const path = join(socketFolder(t), "stream");
  const server: Server = createServer().listen(path);
  t.teardown(() => server.close());
  await once(server, "listening");
  t.throws(() => PuntSocket.open({ path, vppPath: null }), { code: "EADDRINUSE" });
  t.true(existsSync(path));
});

test("paths that can't be bound are errors that name them, and leave nothing", (t) => {
  const folder = socketFolder(t);
  closeSync(openSync(join(folder, "file"), "w"));
  mkdirSync(join(folder, "folder"));
  const refused: [string, string][] = [
    [join(folder, "file"), "EEXIST"],
    [join(folder, "folder"), "EEXIST"],
    [join(folder, "none", "a"), "ENOENT"],
    [join(folder, "file", "a"), "ENOTDIR"],
  ];
  for (const [path, code] of refused) {
    const error = t.throws(() => PuntSocket.open({ path, vppPath: null, onWarning: () => {} }), { code });
    t.true(error!.message.includes(path), error!.message);
  }
});

const { test: withFlock } = need("flock");

withFlock("a process that keeps the folder locked stops no other", async (t) => {
  const folder = socketFolder(t);
  const hold = ["--no-fork", folder, "sh", "-c", "echo locked; exec sleep 60"];
  const holder = spawn("flock", hold, { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => holder.kill());
  await once(holder.stdout!, "data");
  t.notThrows(() => open(t, { path: join(folder, "a"), vppPath: null }));
});
