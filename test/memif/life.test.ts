// Handlers that throw, ports that are closed at odd moments, threads that come and go.
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import test from "ava";
import type { Memif } from "../../lib/memif/index.js";
import { runNode } from "../support/machine/script.js";
import { event, memifPair, memifSocket, openMemif, until } from "../support/memif/ports.js";
import { connected, runMemifScript } from "../support/memif/scripts.js";
import { need } from "../support/need.js";

const library = new URL("../../lib/memif/index.js", import.meta.url).href;

test("a handler that throws is an uncaught exception; the port goes on", async (t) => {
  const body = `
    let calls = 0;
    process.on("uncaughtException", (error) => {
      console.log("caught", error.message);
      client.send(new Uint8Array(60));
    });
    server.receive(() => {
      calls++;
      if (calls <= 2) throw new Error("number " + calls);
      console.log("third", JSON.stringify(server.stats().rx[0].packets));
      server.close();
      client.close();
    });
    client.send(new Uint8Array(60));`;
  for (const rxMode of ["interrupt", "adaptive"]) {
    const { output, code } = await runMemifScript(t, connected(`rxMode: "${rxMode}"`, body), memifSocket(t));
    t.is(output, "caught number 1\ncaught number 2\nthird 3\n");
    t.is(code, 0);
  }
});

test("listeners that throw are uncaught exceptions; the port goes on", async (t) => {
  const body = `
    const heard = [];
    process.on("uncaughtException", (error) => heard.push(error.message));
    const bad = (port, name) => port.on(name, () => { throw new Error(name); });
    for (const name of ["up", "down", "drain"]) for (const port of [server, client]) bad(port, name);
    const until = async (done) => { while (!done()) await new Promise((turn) => setTimeout(turn, 5)); };
    while (client.send(new Uint8Array(60)) === 1);
    let packets = 0;
    server.receive((batch) => { packets += batch.length; });
    await until(() => heard.includes("drain"));
    client.close();
    await until(() => heard.includes("down"));
    const next = Memif.open(connecting);
    await until(() => heard.includes("up") && server.peer);
    const before = packets;
    // It may be up a moment after the server.
    await until(() => next.send(new Uint8Array(60)) === 1);
    await until(() => packets > before);
    server.close();
    next.close();
    console.log([...new Set(heard)].join());`;
  const { output, code } = await runMemifScript(t, connected("ringSize: 32", body), memifSocket(t));
  t.is(output, "drain,down,up\n");
  t.is(code, 0);
});

test("a handler that throws in poll throws there, and the slots are given back", async (t) => {
  const { server, client } = await memifPair(t, { rxMode: "polling", ringSize: 32 });
  for (let round = 0; round < 5; round++) {
    t.is(client.send(Array.from({ length: 32 }, () => new Uint8Array(60))), 32);
    const handler = () => {
      throw new Error("mine");
    };
    t.throws(() => server.rx(0).poll(handler), { message: "mine" });
  }
  t.is(server.stats().rx[0]!.packets, 160);
});

test("close inside the handler: of the port itself, of the other one, by poll or by itself", async (t) => {
  for (const rxMode of ["interrupt", "adaptive", "polling"] as const) {
    for (const which of ["server", "client"] as const) {
      const both = await memifPair(t, { rxMode });
      const handler = () => both[which].close();
      let calls = 0;
      both.client.send([new Uint8Array(60), new Uint8Array(60)]);
      if (rxMode === "polling") {
        await until(() => both.server.rx(0).poll(handler) > 0);
        if (which === "server") t.throws(() => both.server.rx(0), { code: "ERR_CLOSED" });
      } else {
        both.server.receive(() => {
          calls++;
          handler();
        });
        await until(() => calls > 0);
      }
      t.notThrows(() => both[which].close());
      t.throws(() => both[which].tx(0), { code: "ERR_CLOSED" });
    }
  }
});

test("a receiver that starts after a client has come, sent and gone gets its packets, and those of the next client", async (t) => {
  const { server, client, socket } = await memifPair(t);
  const down = event(server, "down");
  client.send(new Uint8Array(61));
  client.close();
  await down;
  const up = event(server, "up");
  const next = openMemif(t, { role: "client", socket });
  await Promise.all([up, event(next, "up")]);
  const lengths: number[] = [];
  server.receive((batch) => {
    for (let i = 0; i < batch.length; i++) lengths.push(batch.byteLength(i));
  });
  next.send(new Uint8Array(62));
  await until(() => lengths.includes(62));
  t.deepEqual(lengths, [61, 62]);
});

test("promises and next ticks of a handler run before the next burst", async (t) => {
  const { server, client } = await memifPair(t, { burst: 1 });
  const order: string[] = [];
  client.send([new Uint8Array([1]), new Uint8Array([2])]);
  server.receive((batch) => {
    const packet = batch.u8(0, 0);
    order.push(`packet ${packet}`);
    process.nextTick(() => order.push(`tick ${packet}`));
    Promise.resolve().then(() => order.push(`promise ${packet}`));
  });
  await until(() => order.length === 6);
  t.deepEqual(order, ["packet 1", "tick 1", "promise 1", "packet 2", "tick 2", "promise 2"]);
});

test("a queue belongs to one opener, and only a polling queue can be polled", async (t) => {
  const { server } = await memifPair(t, { rxMode: "adaptive", rxQueues: 2 });
  server.receive(() => {}, [0]);
  t.throws(() => server.receive(() => {}, [0]), { code: "ERR_QUEUE_TAKEN" });
  t.throws(() => server.rx(0).poll(() => {}), { code: "ERR_NOT_POLLING" });
  t.is(
    server.rx(1).poll(() => {}),
    0,
  );
  t.throws(() => server.rx(2), { code: "ERR_OUT_OF_RANGE" });
});

const workerSource = `
  import { parentPort, workerData } from "node:worker_threads";
  const { Memif } = await import(workerData.library);
  const port = Memif.attach(workerData.handle);
  const { queue, mode } = workerData;
  let packets = 0;
  const handler = (batch) => {
    packets += batch.length;
    for (let i = 0; i < batch.length; i++) if (batch.u8(i, 0) !== queue) throw new Error("wrong queue");
    port.tx(queue).send(batch);
  };
  let stop = false;
  parentPort.once("message", () => { stop = true; });
  if (mode === "polling") {
    const rx = port.rx(queue);
    parentPort.postMessage("ready");
    while (!stop) {
      for (let i = 0; i < 1000; i++) rx.poll(handler);
      await new Promise((resolve) => setImmediate(resolve));
    }
  } else {
    port.receive(handler, [queue]);
    parentPort.postMessage("ready");
    while (!stop) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  port.close();
  parentPort.postMessage(packets);
`;

function startWorker(server: Memif, queue: number, mode: string): Worker {
  const url = new URL(`data:text/javascript,${encodeURIComponent(workerSource)}`);
  return new Worker(url, { workerData: { library, handle: server.handle, queue, mode } });
}

for (const mode of ["polling", "adaptive"] as const) {
  test(`two queues on two workers, ${mode}: each gets its own packets and answers`, async (t) => {
    const queues = { rxMode: mode, rxQueues: 2, txQueues: 2 } as const;
    const { server, client } = await memifPair(t, queues);
    const workers = [0, 1].map((queue) => startWorker(server, queue, mode));
    await Promise.all(workers.map((worker) => once(worker, "message")));
    const back = [0, 0];
    const count = (batch: { length: number }, queue: { index: number }) => {
      back[queue.index]! += batch.length;
    };
    if (mode === "adaptive") client.receive(count);
    for (const queue of [0, 1])
      client.tx(queue).send(Array.from({ length: 500 }, () => new Uint8Array(60).fill(queue)));
    await until(() => {
      if (mode === "polling") for (const queue of [0, 1]) client.rx(queue).poll(count);
      return back[0] === 500 && back[1] === 500;
    });
    const totals = workers.map(async (worker) => {
      worker.postMessage("stop");
      return (await once(worker, "message"))[0];
    });
    t.deepEqual(await Promise.all(totals), [500, 500]);
    t.is(server.stats().rx[1]!.packets, 500);
    // The queues are free again: the port is still open.
    t.notThrows(() => (mode === "polling" ? server.rx(0) : server.receive(() => {})));
  });
}

test("a worker that is terminated while packets flow gives its queue back", async (t) => {
  const { server, client } = await memifPair(t, { rxMode: "polling" });
  const timer = setInterval(() => client.send([new Uint8Array(60)]), 1);
  for (let round = 0; round < 3; round++) {
    const worker = startWorker(server, 0, "polling");
    await once(worker, "message");
    await new Promise((resolve) => setTimeout(resolve, 20));
    await worker.terminate();
  }
  clearInterval(timer);
  t.notThrows(() => server.rx(0).poll(() => {}));
});

test("attaching to a closed port is an error", async (t) => {
  const { server } = await memifPair(t);
  const { handle } = server;
  server.close();
  const { Memif: here } = await import("../../lib/memif/index.js");
  t.throws(() => here.attach(handle), { code: "ERR_CLOSED" });
});

test("a process that exits while packets flow leaves nothing, and exits with its own code", async (t) => {
  const socket = memifSocket(t);
  const body = `
    server.receive((batch) => { server.send(batch); });
    let got = 0;
    client.receive((batch) => { got += batch.length; client.send(batch); if (got > 1000) process.exit(7); });
    client.send(Array.from({ length: 64 }, () => new Uint8Array(60)));`;
  const { output, code } = await runMemifScript(t, connected("", body), socket);
  t.is(output, "");
  t.is(code, 7);
  t.false(existsSync(socket));
});

test("an unreferenced port does not keep the process", async (t) => {
  const body = "server.unref(); client.unref(); server.receive(() => {});";
  t.is((await runMemifScript(t, connected("", body), memifSocket(t))).code, 0);
});

const cyclesSource = `
  import { readFileSync, readdirSync } from "node:fs";
  const next = (port, name) => new Promise((resolve) => port.once(name, resolve));
  const server = Memif.open(serving);
  let packets = 0;
  server.receive((batch) => { packets += batch.view(0).length > 0 ? batch.length : 0; });
  async function cycle() {
    const client = Memif.open({ ...connecting, ringSize: 64 });
    await Promise.all([next(server, "up"), next(client, "up")]);
    const down = next(server, "down");
    client.send([new Uint8Array(60), new Uint8Array(60)]);
    client.close();
    await down;
  }
  async function measure() {
    await new Promise((resolve) => setTimeout(resolve, 20));
    gc();
    const mappings = readFileSync("/proc/self/maps", "utf8").split("memif region").length - 1;
    return { fds: readdirSync("/proc/self/fd").length, mappings, rss: process.memoryUsage.rss() };
  }
  for (let i = 0; i < 200; i++) await cycle();
  const before = await measure();
  for (let i = 0; i < 1000; i++) await cycle();
  // The last ones may go a little later.
  let after = await measure();
  while (after.fds > before.fds || after.mappings > before.mappings) after = await measure();
  console.log(JSON.stringify({ before, after, packets }));
  server.close();`;

need("no-sanitizer").test("1,000 connects and disconnects: descriptors, mappings and memory stay", async (t) => {
  const { output } = await runMemifScript(t, cyclesSource, memifSocket(t));
  const { before, after, packets } = JSON.parse(output);
  t.is(packets, 2400);
  // One connection has 512 KiB: a leak of a tenth of that each time would be 50 MB.
  t.true(after.rss - before.rss < 30e6, `grew by ${after.rss - before.rss} bytes`);
});

const workersScript = fileURLToPath(new URL("../support/memif/workers.js", import.meta.url));

for (const rxMode of ["adaptive", "interrupt", "polling"]) {
  for (const ending of ["terminate", "exit", "throw", "throw in a handler"]) {
    test(`threads that end while packets flow, by ${ending}, in rxMode ${rxMode}`, async (t) => {
      const socket = memifSocket(t);
      const ended = await runNode(t, workersScript, socket, ending, rxMode, "8");
      t.deepEqual(ended, { output: "all ended\n", code: 0, signal: null });
      t.deepEqual(readdirSync(dirname(socket)), []);
    });
  }
}

test("a thread that is terminated with queues of another thread's port gives them back", async (t) => {
  for (const rxMode of ["adaptive", "interrupt", "polling"] as const) {
    const { server, client } = await memifPair(t, { rxMode });
    const worker = fileURLToPath(new URL("../support/memif/worker.js", import.meta.url));
    for (let i = 0; i < 8; i++) {
      const thread = new Worker(worker, { workerData: { handle: server.handle, rxMode, ending: "terminate" } });
      await once(thread, "message");
      client.send(new Array(64).fill(new Uint8Array(64)));
      await until(() => server.stats().tx[0]!.packets > i * 64);
      await thread.terminate();
    }
    t.is(server.stats().violations, 0);
    t.true(server.rx(0) !== undefined && server.tx(0).freeSlots() > 0);
  }
});
