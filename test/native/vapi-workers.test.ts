// Worker threads with libvapiclient's threads behind them end at any moment, in a process that loads the addon in no other thread.
import { createServer } from "node:net";
import { join } from "node:path";
import test from "ava";
import { native } from "../../lib/native.js";
import { moduleText, runProgram } from "../support/machine/script.js";
import { FakeVpp } from "../support/vpp/fake.js";

const over = native.buildInfo().vapiSocket
  ? test
  : (title: string) =>
      test.skip(`${title} [skipped: no libvapiclient with a socket mode in this build]`, (t) => t.pass());

const lib = (file: string) => JSON.stringify(new URL(`../../lib/${file}`, import.meta.url).href);

/** In the worker: a client in the state that `workerData.state` names, over the socket of `workerData`. */
const CLIENT = `
  const { parentPort, workerData: { state, socketPath, silentPath } } = require("node:worker_threads");
  const connect = async () => {
    const { native } = await import(${lib("native.js")});
    if (state === "collected") {
      for (let i = 0; i < 4; i++) new native.VapiBridge(socketPath, false, []).start();
      gc();
      return;
    }
    const { Vpp } = await import(${lib("binapi/index.js")});
    const options = { transport: "vapi", schema: "builtin" };
    if (state === "unanswered") {
      Vpp.connect({ ...options, socketPath: silentPath }).catch(() => {});
      return new Promise((resolve) => setTimeout(resolve, 50));
    }
    const client = await Vpp.connect({ ...options, socketPath });
    const turn = () => { for (let i = 0; i < 50; i++) client.call("control_ping").catch(() => {}); setImmediate(turn); };
    turn();
    if (state === "closing") client.close();
  };
  connect().then(() => parentPort.postMessage("there"), (error) => parentPort.postMessage(String(error)));
  if (state === "exit") setTimeout(() => process.exit(0), 100);
  setInterval(() => {}, 1000);`;

const PROGRAM = `
  import { Worker } from "node:worker_threads";
  import { once } from "node:events";
  import { readdirSync, readFileSync } from "node:fs";
  import { setTimeout as delay } from "node:timers/promises";
  const [code, socketPath, silentPath] = process.argv.slice(1);
  const nameOf = (thread) => {
    try {
      return readFileSync("/proc/self/task/" + thread + "/comm", "utf8");
    } catch {
      return ""; // It has just ended.
    }
  };
  const states = ["early", "busy", "exit", "collected", "closing", "early", "busy", "exit", "collected", "unanswered"];
  for (const state of states) {
    const worker = new Worker(code, { eval: true, execArgv: [], workerData: { state, socketPath, silentPath } });
    const ended = once(worker, "exit");
    if (state === "early") await delay(Math.random() * 200);
    else if (state !== "exit") {
      const [message] = await once(worker, "message");
      if (message !== "there") throw new Error(state + ": " + message);
    }
    if (state !== "exit") await worker.terminate();
    await ended;
    // Node lets go of the addon with its last environment; the code of a thread that still runs must stay.
    if (state === "busy" && !readFileSync("/proc/self/maps", "utf8").includes("vpp_punt.node")) console.log("unloaded");
    const left = () => readdirSync("/proc/self/task").map(nameOf).filter((name) => name.startsWith("vapi-"));
    // The kernel lists a thread that was joined for a moment more.
    for (let i = 0; i < 2_500 && left().length > 0; i++) await delay(20);
    for (const name of left()) console.log(state + " leaves " + name);
  }
  console.log("ended");`;

over(
  "a thread with a client over libvapiclient ends at any moment, and its environment waits for the library's threads",
  async (t) => {
    const vpp = await new FakeVpp().listen();
    t.teardown(() => vpp.close());
    // The library waits for an answer until the connection ends.
    const silentPath = join(vpp.folder, "silent");
    const silent = createServer((socket) => void setTimeout(() => socket.destroy(), 1000)).listen(silentPath);
    t.teardown(() => silent.close());
    const args = [...moduleText(PROGRAM), CLIENT, vpp.socketPath, silentPath];
    const { output, ...ended } = await runProgram(t, process.execPath, ...args);
    t.deepEqual(ended, { code: 0, signal: null }, output);
    // The library itself writes of the answers that it throws away.
    const own = output.split("\n").filter((line) => !line.startsWith("vapi_sock_disconnect:"));
    t.is(own.join("\n"), "ended\n");
  },
);
