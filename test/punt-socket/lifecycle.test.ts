// Files and descriptors of punt sockets, from opening to the end of the process.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import test, { type ExecutionContext } from "ava";
import { PuntSocket, type PuntWarning } from "../../lib/punt-socket/index.js";
import { emitOnce, queueLimitWarning } from "../../lib/punt-socket/queue-limit.js";
import { need } from "../support/need.js";
import { facingVpp, open, openInjector, socketFolder, startVpp, until } from "../support/punt-socket/peer.js";

const library = new URL("../../lib/punt-socket/index.js", import.meta.url).href;

/** JavaScript that opens a socket at the path and then does what `then` says. */
function program(path: string, then: string): string {
  return `
    const { PuntSocket } = await import(${JSON.stringify(library)});
    const socket = PuntSocket.open({ path: ${JSON.stringify(path)}, vppPath: null, onBatch: () => {}, onWarning: () => {} });
    ${then}`;
}

function run(code: string): number | null {
  return spawnSync(process.execPath, ["--input-type=module", "-e", code], { stdio: "ignore", timeout: 60_000 }).status;
}

/** A child process that holds a socket at the path until it is killed. */
async function holder(t: ExecutionContext, path: string): Promise<ReturnType<typeof spawn>> {
  const code = program(path, `console.log("open");`);
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => child.kill("SIGKILL"));
  await once(child.stdout!, "data");
  return child;
}

test("the socket file is removed in whatever way the process ends", (t) => {
  const path = join(socketFolder(t), "client");
  const ends: [string, number][] = [
    ["socket.unref();", 0],
    ["process.exit(3);", 3],
    ["setImmediate(() => { throw new Error('end'); });", 1],
    ["socket.close(); socket.close();", 0],
  ];
  for (const [then, status] of ends) {
    t.is(run(program(path, `process.on("uncaughtException", () => process.exit(1)); ${then}`)), status, then);
    t.false(existsSync(path), then);
  }
});

test("the socket file of a killed process is replaced; that of a living process is not", async (t) => {
  const path = join(socketFolder(t), "client");
  const child = await holder(t, path);
  const error = t.throws(() => PuntSocket.open({ path, vppPath: null }), { code: "EADDRINUSE" });
  t.true(error!.message.includes(path));
  child.kill("SIGKILL");
  await once(child, "exit");
  t.true(existsSync(path));
  open(t, { path, vppPath: null });
  t.throws(() => PuntSocket.open({ path, vppPath: null }), { code: "EADDRINUSE" });
});

test("a file that isn't a socket stays, and so does a socket that replaced ours", (t) => {
  const path = join(socketFolder(t), "client");
  writeFileSync(path, "precious");
  t.throws(() => PuntSocket.open({ path, vppPath: null }), { code: "EEXIST" });
  t.true(existsSync(path));
  const elsewhere = join(path, "x");
  t.throws(() => PuntSocket.open({ path: elsewhere, vppPath: null }), { code: "ENOTDIR" });
});

need("root").test("a folder that may not be written to is an error with its errno", (t) => {
  t.throws(() => PuntSocket.open({ path: "/proc/no-socket-here", vppPath: null }), { code: "ENOENT" });
});

test("hundreds of sockets and injectors opened and closed leave no file descriptor, thread or file", async (t) => {
  const { vpp, path, folder } = facingVpp(t);
  const cycle = () => {
    const socket = PuntSocket.open({ path, vppPath: vpp.path, onBatch: () => {}, onWarning: () => {} });
    openInjector(t, vpp.path, [1]).close();
    socket.close();
  };
  const count = (what: string) => readdirSync(`/proc/self/${what}`).length;
  cycle();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const before = [count("fd"), count("task")];
  for (let i = 0; i < 300; i++) cycle();
  await until(() => count("fd") <= before[0]! && count("task") <= before[1]!);
  t.deepEqual(readdirSync(folder), ["vpp"]);
});

test("it connects to a VPP that comes later, and again when VPP has been restarted", async (t) => {
  const folder = socketFolder(t);
  const [path, vppPath] = [join(folder, "client"), join(folder, "vpp")];
  const seen: string[] = [];
  const socket = open(t, { path, vppPath, onBatch: (batch) => void seen.push(Buffer.from(batch.copy(0)).toString()) });
  t.like(socket.stats(), { connected: false, connects: 0, connectError: "ENOENT" });
  const first = startVpp(t, vppPath);
  await until(() => socket.stats().connected);
  first.punt(path, Buffer.from("one"));
  await until(() => seen.length === 1);
  first.close();
  const second = startVpp(t, vppPath);
  // It is connected to the first until it looks by itself, once a second.
  const early = second.punt(path, Buffer.from("early"));
  t.true(early === "EPERM" || early === undefined, early);
  t.true(socket.reconnect());
  t.is(second.punt(path, Buffer.from("two")), undefined);
  await until(() => seen.includes("two"));
  // Without being told, it notices by itself.
  second.close();
  const third = startVpp(t, vppPath);
  await until(() => third.punt(path, Buffer.from("three")) === undefined);
  await until(() => seen.includes("three"));
  t.deepEqual(seen, ["one", ...(early === undefined ? ["early"] : []), "two", "three"]);
  t.true([3, 4].includes(socket.stats().connects));
  // VPP goes, and its folder with it.
  rmSync(vppPath);
  await until(() => !socket.stats().connected);
  t.is(socket.stats().connectError, "ENOENT");
});

test("a VPP that was killed and left its file is noticed, and so is the next one at the path", async (t) => {
  const folder = socketFolder(t);
  const vppPath = join(folder, "vpp");
  const vpp = await holder(t, vppPath);
  const socket = open(t, { path: join(folder, "client"), vppPath });
  t.true(socket.stats().connected);
  vpp.kill("SIGKILL");
  await until(() => !socket.stats().connected);
  t.like(socket.stats(), { connectError: "ECONNREFUSED", connects: 1 });
  startVpp(t, vppPath);
  await until(() => socket.stats().connected);
});

test("packets queued from the old VPP are not lost by reconnecting", async (t) => {
  const { vpp, path } = facingVpp(t);
  const seen: number[] = [];
  const onBatch = (batch: { length: number; u8(i: number, at: number): number }) => {
    for (let i = 0; i < batch.length; i++) seen.push(batch.u8(i, 0));
  };
  const socket = open(t, { path, vppPath: vpp.path, takeOverUs: 1e6, onBatch });
  for (let i = 0; i < 10; i++) t.is(vpp.punt(path, Buffer.of(i, 0)), undefined);
  vpp.close();
  const next = startVpp(t, vpp.path);
  t.true(socket.reconnect());
  t.is(next.punt(path, Buffer.of(10, 0)), undefined);
  await until(() => seen.length === 11);
  t.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("the counters tell when the file is removed, and when another socket takes its path", (t) => {
  const { vpp, path } = facingVpp(t);
  const socket = open(t, { path, vppPath: vpp.path });
  t.true(socket.stats().bound);
  renameSync(path, `${path}.old`);
  t.false(socket.stats().bound);
  const other = open(t, { path, vppPath: vpp.path });
  t.like([socket.stats().bound, other.stats().bound], [false, true]);
  other.close();
  t.true(other.stats().bound, "as it was at closing");
  renameSync(`${path}.old`, path);
  t.true(socket.stats().bound);
});

test("another path of VPP's can be given when the registration tells it", (t) => {
  const { vpp, path, folder } = facingVpp(t);
  const socket = open(t, { path, vppPath: join(folder, "nobody") });
  t.false(socket.reconnect());
  t.true(socket.reconnect(vpp.path));
  t.is(vpp.punt(path, Buffer.alloc(9)), undefined);
});

test("a closed socket does not reconnect, and keeps the counters that it had", async (t) => {
  const { vpp, path } = facingVpp(t);
  let packets = 0;
  const onBatch = (batch: { length: number }) => {
    packets += batch.length;
  };
  const socket = open(t, { path, vppPath: vpp.path, onBatch });
  for (let i = 0; i < 3; i++) t.is(vpp.punt(path, Buffer.alloc(20)), undefined);
  await until(() => packets === 3);
  t.true(socket.reconnect());
  socket.close();
  const last = socket.stats();
  t.like(last, { packets: 3, bytes: 60, connected: true, connectError: undefined });
  t.false(socket.reconnect());
  t.false(socket.reconnect(vpp.path));
  socket.setFilter(undefined);
  t.is(socket.stats(), last);
});

test("a connected socket takes packets from VPP alone", (t) => {
  const { vpp, path, folder } = facingVpp(t);
  open(t, { path, vppPath: vpp.path });
  const stranger = startVpp(t, join(folder, "stranger"));
  t.is(stranger.punt(path, Buffer.alloc(9)), "EPERM");
  t.is(vpp.punt(path, Buffer.alloc(9)), undefined);
});

test("a warning names a small queue limit, and what to do", (t) => {
  const { vpp, path } = facingVpp(t);
  const warnings: PuntWarning[] = [];
  const socket = PuntSocket.open({ path, vppPath: vpp.path, onWarning: (warning) => warnings.push(warning) });
  t.teardown(() => socket.close());
  t.true(Number.isInteger(socket.queueLimit));
  const expected = socket.queueLimit! < 512 ? [["QUEUE_LIMIT", true]] : [];
  t.deepEqual(
    warnings.map(({ code, message }) => [code, message.includes("sysctl -w net.unix.max_dgram_qlen=512")]),
    expected,
  );
});

test("a limit from 512 on, or an unreadable limit, does not cause a warning", (t) => {
  const warning = queueLimitWarning(511);
  t.is(warning?.code, "QUEUE_LIMIT");
  t.regex(warning!.message, /^net\.unix\.max_dgram_qlen is 511: .*sysctl -w net\.unix\.max_dgram_qlen=512/);
  t.is(queueLimitWarning(512), undefined);
  t.is(queueLimitWarning(undefined), undefined);
});

test("a warning without a listener is the process's, once for each text", async (t) => {
  const seen: Error[] = [];
  const take = (warning: Error) => void seen.push(warning);
  process.on("warning", take);
  t.teardown(() => process.off("warning", take));
  for (const message of ["one", "two", "one"]) emitOnce({ code: "NOT_CONNECTED", message });
  await new Promise(setImmediate);
  const ours = seen.filter(({ name }) => name === "PuntWarning") as NodeJS.ErrnoException[];
  t.deepEqual(
    ours.map(({ code, message }) => [code, message]).filter(([code]) => code === "NOT_CONNECTED"),
    [
      ["NOT_CONNECTED", "one"],
      ["NOT_CONNECTED", "two"],
    ],
  );
});

/** In a worker: receives until `end`, or until it is terminated. */
const workerFile = fileURLToPath(new URL("../support/punt-socket/worker.js", import.meta.url));

test("a worker thread receives, and its end leaves nothing", async (t) => {
  const { vpp, path } = facingVpp(t);
  const worker = new Worker(workerFile, { workerData: { path, vppPath: vpp.path } });
  const exited = once(worker, "exit");
  await once(worker, "message");
  const counted = once(worker, "message");
  for (let i = 0; i < 100; i++) while (vpp.punt(path, Buffer.alloc(64)) !== undefined);
  t.deepEqual(await counted, [100]);
  await exited;
  t.false(existsSync(path));
});

test("a worker terminated while it receives leaves nothing", async (t) => {
  const { vpp, path } = facingVpp(t);
  for (let i = 0; i < 10; i++) {
    const worker = new Worker(workerFile, { workerData: { path, vppPath: vpp.path } });
    await once(worker, "message");
    for (let n = 0; n < 50; n++) while (vpp.punt(path, Buffer.alloc(64)) !== undefined);
    await worker.terminate();
    t.false(existsSync(path));
  }
});
