// Worker threads that end at any moment, with every native handle open and in use: no crash, no descriptor left.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import test from "ava";
import { socketFolder, until } from "../support/punt-socket/peer.js";

const lib = (file: string) => JSON.stringify(new URL(`../../lib/${file}`, import.meta.url).href);

/** In the worker: an embedded VPP, a client of its API, and packets to and from its punt socket, as fast as it can. */
const BUSY = `
  const { parentPort, workerData } = require("node:worker_threads");
  const busy = async () => {
    const { EmbeddedVpp } = await import(${lib("sim/index.js")});
    const { Vpp } = await import(${lib("binapi/index.js")});
    const { PuntSocket, PuntInjector } = await import(${lib("punt-socket/index.js")});
    const { native } = await import(${lib("native.js")});
    const sim = await EmbeddedVpp.start({ directory: workerData, interfaces: ["eth0"] });
    const vpp = await Vpp.connect({ socketPath: sim.apiSocket });
    const vppPath = workerData + "/punt.sock";
    const onWarning = () => {};
    const socket = PuntSocket.open({ path: workerData + "/a", vppPath: null, onWarning, onBatch: (batch) => [...batch] });
    const sender = PuntSocket.open({ path: workerData + "/b", vppPath: null, onWarning });
    const injector = PuntInjector.open({ vppPath, knownInterfaces: () => true });
    const frame = new Uint8Array(64);
    const turn = () => {
      for (let i = 0; i < 20; i++) sender.sendTo(socket.path, 1, frame);
      injector.injectAll(0, 1, [frame, frame, frame]);
      native.fetchStatsSegment(workerData + "/none").catch(() => {});
      native.fetchStatsSegment(sim.statsSocket).then((segment) => segment.close()).catch(() => {});
      vpp.call("control_ping").catch(() => {});
      setImmediate(turn);
    };
    turn();
    parentPort.postMessage("busy");
    if (workerData.endsWith("exit")) setTimeout(() => process.exit(0), 20);
  };
  busy().catch((error) => parentPort.postMessage(String(error)));`;

/**
 * A process that loads the addon in no other thread. Ends 24 workers: a third before they are ready, a third while they work, and a
 * third by their own process.exit().
 */
const PROGRAM = `
  import { Worker } from "node:worker_threads";
  import { once } from "node:events";
  import { mkdirSync, readdirSync, readlinkSync, rmSync } from "node:fs";
  import { setTimeout as delay } from "node:timers/promises";
  const [folder, busy] = process.argv.slice(1);
  const open = () => readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const file = readlinkSync("/proc/self/fd/" + fd).replace(/\\d+/, "");
      // Node itself leaves modules open that a thread was reading.
      return /[.]js(on)?$/.test(file) ? [] : [file];
    } catch {
      return []; // the folder's own
    }
  });
  let before = [];
  for (let i = 0; i < 24; i++) {
    const directory = folder + "/" + i + ["early", "busy", "exit"][i % 3];
    mkdirSync(directory);
    const worker = new Worker(busy, { eval: true, execArgv: [], workerData: directory, stdout: true, stderr: true });
    const ended = once(worker, "exit");
    if (i % 3 === 0) await delay(Math.random() * 300);
    else {
      const [message] = await once(worker, "message");
      if (message !== "busy") throw new Error(message);
      if (i % 3 === 1) await delay(Math.random() * 20);
    }
    if (i % 3 !== 2) await worker.terminate();
    await ended;
    rmSync(directory, { recursive: true });
    if (i === 2) before = open();
  }
  const more = () => {
    const left = open();
    for (const file of before) if (left.includes(file)) left.splice(left.indexOf(file), 1);
    return left;
  };
  // Threads that nothing waits for close the last ones.
  for (let i = 0; i < 500 && more().length > 0; i++) await delay(20);
  if (more().length > 0) throw new Error("descriptors are left: " + more().join());
  console.log("ended");`;

test("a thread that ends at any moment takes every native handle with it", (t) => {
  const args = ["--input-type=module", "-e", PROGRAM, socketFolder(t), BUSY];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 120_000 });
  t.deepEqual({ status, signal, stdout }, { status: 0, signal: null, stdout: "ended\n" }, stderr);
});

/** In the worker: embedded VPPs in folders of their own, and with workerData `spawned` one in a process of its own. */
const VPPS = `
  const { parentPort, workerData } = require("node:worker_threads");
  const start = async () => {
    const { EmbeddedVpp } = await import(${lib("sim/index.js")});
    const { PuntSocket } = await import(${lib("punt-socket/index.js")});
    const { Memif } = await import(${lib("memif/index.js")});
    await EmbeddedVpp.start();
    const { directory } = await EmbeddedVpp.start({ interfaces: ["eth0"] });
    if (workerData === "spawned") await EmbeddedVpp.spawn();
    PuntSocket.open({ path: directory + "/punt-end", vppPath: null, onWarning: () => {} });
    await Memif.open({ socket: directory + "/memif.sock", role: "server" });
    parentPort.postMessage("started");
    if (workerData === "exit") process.exit(0);
    if (workerData === "throw") throw new Error("meant");
    setInterval(() => {}, 1000);
  };
  start();`;

const ENDINGS = `
  import { once } from "node:events";
  import { readdirSync } from "node:fs";
  import { setTimeout as delay } from "node:timers/promises";
  import { Worker } from "node:worker_threads";
  const [folder, code] = process.argv.slice(1);
  const left = async () => {
    // A spawned VPP ends by itself when its parent has gone.
    for (let i = 0; i < 1_000 && readdirSync(folder).length > 0; i++) await delay(50);
    return readdirSync(folder);
  };
  for (const ending of ["early", "exit", "throw", "terminate", "early", "spawned", "early"]) {
    const worker = new Worker(code, { eval: true, execArgv: [], workerData: ending, stderr: true });
    worker.on("error", (error) => error.message === "meant" || console.log(error.message));
    const ended = once(worker, "exit").catch(() => {});
    if (ending === "early") await delay(100 + Math.random() * 300);
    else await once(worker, "message").catch(() => {});
    if (ending !== "exit" && ending !== "throw") await worker.terminate();
    await ended;
    const files = await left();
    if (files.length > 0) console.log(ending + " leaves " + files.join());
  }
  console.log("ended");`;

test("an embedded VPP of a thread leaves no folder, however the thread ends", (t) => {
  const folder = socketFolder(t);
  const args = ["--input-type=module", "-e", ENDINGS, folder, VPPS];
  const options = { encoding: "utf8", timeout: 120_000, env: { ...process.env, TMPDIR: folder } } as const;
  const { stdout, stderr } = spawnSync(process.execPath, args, options);
  t.is(stdout, "ended\n", stderr);
});

test("a spawned embedded VPP removes its folder when its parent is killed", async (t) => {
  const folder = socketFolder(t);
  const program = `import(${lib("sim/index.js")}).then(({ EmbeddedVpp }) => EmbeddedVpp.spawn()).then(() => process.kill(process.pid, "SIGKILL"))`;
  const env = { ...process.env, TMPDIR: folder };
  const { signal } = spawnSync(process.execPath, ["-e", program], { timeout: 60_000, env });
  t.is(signal, "SIGKILL");
  await until(() => readdirSync(folder).length === 0);
  t.pass();
});
