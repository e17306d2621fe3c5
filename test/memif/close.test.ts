// The effects of close() on batches in a handler, connections, other threads, and other processes' ports.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";
import test from "ava";
import { Memif, type MemifEnding, type MemifHandle } from "../../lib/memif/index.js";
import { native } from "../../lib/native.js";
import type { PacketBatch } from "../../lib/packet/batch.js";
import { BatchTable } from "../../lib/packet/index.js";
import { moduleText, runNode } from "../support/machine/script.js";
import { event, memifPair, memifSocket, openMemif, until } from "../support/memif/ports.js";
import { connected, memifScript, runMemifScript } from "../support/memif/scripts.js";
import { need } from "../support/need.js";

for (const rxMode of ["interrupt", "adaptive", "polling"] as const) {
  for (const zeroCopy of [true, false]) {
    for (const which of ["the receiver", "the sender"] as const) {
      test(`${which} closed in the handler: the batch stays until the handler returns, ${rxMode}, zeroCopy ${zeroCopy}`, async (t) => {
        const { server, client } = await memifPair(t, { rxMode, zeroCopy });
        const closing = which === "the receiver" ? server : client;
        const third = await memifPair(t);
        let view: Uint8Array | undefined;
        const handler = (batch: PacketBatch) => {
          closing.close();
          t.is(batch.length, 2);
          t.is(batch.u8(0, 0), 0xab);
          t.is(batch.u32(1, 56), 0xabababab);
          view = batch.view(0);
          t.deepEqual([...view.subarray(0, 4)], [0xab, 0xab, 0xab, 0xab]);
          t.is(third.client.send(batch), 2);
          t.is(batch.retain(1).bytes[59], 0xab);
        };
        client.send([new Uint8Array(60).fill(0xab), new Uint8Array(60).fill(0xab)]);
        if (rxMode === "polling") await until(() => server.rx(0).poll(handler) > 0);
        else server.receive(handler);
        await until(() => view !== undefined);
        t.is(view!.length, 0);
        const got: number[] = [];
        third.server.receive((batch) => {
          for (let i = 0; i < batch.length; i++) got.push(batch.u8(i, 0));
        });
        await until(() => got.length === 2);
        t.deepEqual(got, [0xab, 0xab]);
      });
    }
  }
}

test("a batch sent after its handler has returned is an error", async (t) => {
  const { server, client } = await memifPair(t);
  let kept: PacketBatch | undefined;
  server.receive((batch) => {
    kept = batch;
  });
  client.send(new Uint8Array(60));
  await until(() => kept !== undefined);
  t.throws(() => server.send(kept!), { code: "ERR_BATCH_RELEASED" });
  t.is(server.stats().tx[0]!.refused, 0);
});

test("queues of a closed port throw ERR_CLOSED", async (t) => {
  const { server, client } = await memifPair(t, { rxMode: "polling" });
  const [rx, tx] = [server.rx(0), client.tx(0)];
  server.close();
  client.close();
  t.throws(() => rx.poll(() => {}), { code: "ERR_CLOSED" });
  t.throws(() => tx.send(new Uint8Array(60)), { code: "ERR_CLOSED" });
  t.throws(() => tx.allocate(1), { code: "ERR_CLOSED" });
  t.throws(() => tx.commit(), { code: "ERR_NO_SLOTS" });
  t.is(tx.freeSlots(), 0);
});

for (const role of ["server", "client"] as const) {
  test(`a port of a ${role} that is closed takes the link down for its other threads and its peer`, async (t) => {
    const both = await memifPair(t, { rxQueues: 2, txQueues: 2 });
    const attached = Memif.attach(both[role].handle);
    t.teardown(() => attached.close());
    const other = role === "server" ? both.client : both.server;
    await event(attached, "up");
    t.is(attached.tx(1).send(new Uint8Array(60)), 1);
    const down = event<MemifEnding>(attached, "down");
    const peerDown = event<MemifEnding>(other, "down");
    both[role].close();
    t.deepEqual(await down, { reason: "interface closed", by: "self" });
    t.deepEqual(await peerDown, { reason: "interface closed", by: "peer" });
    t.is(attached.peer, undefined);
    t.is(attached.tx(1).send(new Uint8Array(60)), 0);
  });
}

need("no-sanitizer").test(
  "200 ports of each role, opened, connected and closed: descriptors and mappings stay",
  async (t) => {
    for (const [kept, changing] of [
      ["connecting", "serving"],
      ["serving", "connecting"],
    ]) {
      const body = `
      import { readFileSync, readdirSync } from "node:fs";
      const next = (port, name) => new Promise((resolve) => port.once(name, resolve));
      const kept = Memif.open({ ...${kept}, reconnectMs: 1 });
      kept.receive(() => {});
      async function cycle() {
        const port = Memif.open({ ...${changing}, ringSize: 64 });
        port.receive((batch) => batch.view(0));
        await Promise.all([next(kept, "up"), next(port, "up")]);
        const down = next(kept, "down");
        kept.send(new Uint8Array(60));
        port.send(new Uint8Array(60));
        port.close();
        await down;
      }
      async function measure() {
        await new Promise((resolve) => setTimeout(resolve, 20));
        gc();
        const mappings = readFileSync("/proc/self/maps", "utf8").split("memif region").length - 1;
        return { fds: readdirSync("/proc/self/fd").length, mappings };
      }
      for (let i = 0; i < 20; i++) await cycle();
      const before = await measure();
      for (let i = 0; i < 200; i++) await cycle();
      // The last ones may go a little later.
      for (let after; after === undefined || after.fds > before.fds || after.mappings > before.mappings; ) after = await measure();
      console.log("settled");
      kept.close();`;
      const { output } = await runMemifScript(t, body, memifSocket(t));
      t.is(output, "settled\n", `${changing} again and again`);
    }
  },
);

test("a send without a peer keeps neither the process nor a timer alive", async (t) => {
  const body = `
    const port = Memif.open(connecting).unref();
    if (port.send(new Uint8Array(60)) !== 0) throw new Error("sent");
    console.log(process.getActiveResourcesInfo().filter((name) => /Timeout|Immediate/.test(name)).length);`;
  const { output, code } = await runMemifScript(t, body, memifSocket(t));
  t.is(output, "0\n");
  t.is(code, 0);
});

test("a send without a peer is followed by drain when a peer comes", async (t) => {
  const socket = memifSocket(t);
  const client = openMemif(t, { role: "client", socket, reconnectMs: 10 });
  t.is(client.send(new Uint8Array(60)), 0);
  const drain = event(client, "drain");
  openMemif(t, { role: "server", socket });
  await drain;
  t.is(client.send(new Uint8Array(60)), 1);
});

test("a handle of another process's port, or of none, is refused", async (t) => {
  const body =
    "const port = Memif.open({ ...serving, rxQueues: 16, txQueues: 16 }); console.log(JSON.stringify(port.handle)); port.close();";
  const { output } = await runMemifScript(t, body, memifSocket(t));
  const handle = JSON.parse(output) as MemifHandle;
  t.throws(() => Memif.attach(handle), { code: "ERR_CLOSED", message: /is closed, or belongs to another process/ });
  const bad: [unknown, string][] = [
    [undefined, "handle"],
    [{}, "memif"],
    [{ ...handle, memif: "1" }, "memif"],
    [{ ...handle, memif: -1 }, "memif"],
    [{ ...handle, burst: 2 ** 32 }, "burst"],
    [{ ...handle, rxMode: "busy" }, "rxMode"],
    [{ ...handle, zeroCopy: 1 }, "zeroCopy"],
  ];
  for (const [value, option] of bad) {
    const error = t.throws(() => Memif.attach(value as MemifHandle), { code: "ERR_OPTION" }) as unknown as {
      details: { option: string };
    };
    t.is(error.details.option, option);
  }
});

test("an attached port has the queues of its port, whatever its handle says", async (t) => {
  const { server } = await memifPair(t);
  const attached = Memif.attach({ ...server.handle, rxQueues: 16, txQueues: 16 } as MemifHandle);
  t.teardown(() => attached.close());
  t.throws(() => attached.tx(15), { code: "ERR_OUT_OF_RANGE", message: /only queue 0/ });
  t.throws(() => attached.receive(() => {}, [15]), { code: "ERR_OUT_OF_RANGE" });
  // The native code relies on no check of its caller's.
  const bare = native.memifAttach(server.handle.memif, () => undefined)!;
  t.teardown(() => bare.close());
  const table = new BatchTable(1).buffer;
  const common = { table, capacity: 1, state: new Uint32Array(2) };
  t.is(bare.openRx(15, { ...common, mode: 0, copy: true, onBurst: () => {} }), undefined);
  t.is(bare.openTx(15, common), undefined);
});

for (const rxMode of ["interrupt", "adaptive", "polling"] as const) {
  test(`a thread that is terminated inside its handler gives its queue back, ${rxMode}`, async (t) => {
    const { server, client } = await memifPair(t, { rxMode });
    const script = `
      const { parentPort, workerData } = require("node:worker_threads");
      import(workerData.library).then(({ Memif }) => {
        const port = Memif.attach(workerData.handle);
        const handler = () => { parentPort.postMessage("handling"); for (;;); };
        if (workerData.rxMode !== "polling") return port.receive(handler);
        const rx = port.rx(0);
        for (;;) rx.poll(handler);
      });`;
    const library = new URL("../../lib/memif/index.js", import.meta.url).href;
    for (let round = 0; round < 3; round++) {
      const thread = new Worker(script, { eval: true, workerData: { library, handle: server.handle, rxMode } });
      client.send(new Uint8Array(60).fill(round));
      await once(thread, "message");
      await thread.terminate();
    }
    let got = 0;
    const handler = (batch: PacketBatch) => {
      got = batch.u8(batch.length - 1, 0);
    };
    if (rxMode !== "polling") server.receive(handler);
    client.send(new Uint8Array(60).fill(99));
    await until(() => {
      if (rxMode === "polling") server.rx(0).poll(handler);
      return got === 99;
    });
    t.is(server.stats().violations, 0);
  });
}

const library = JSON.stringify(new URL("../../lib/memif/index.js", import.meta.url).href);

need("no-sanitizer").test("SIGBUS ends the process also after the only thread with the addon has ended", async (t) => {
  const worker = `
    const { parentPort } = require("node:worker_threads");
    import(${library}).then(async ({ Memif }) => {
      const socket = "@vpp-punt-sigbus-" + process.pid;
      const [server, client] = ["server", "client"].map((role) => Memif.open({ role, socket }));
      await new Promise((up) => server.once("up", up));
      parentPort.postMessage("up");
    });`;
  const body = `
    import { Worker } from "node:worker_threads";
    const worker = new Worker(${JSON.stringify(worker)}, { eval: true, execArgv: [] });
    await new Promise((resolve) => worker.once("message", resolve));
    await worker.terminate();
    process.kill(process.pid, "SIGBUS");
    setInterval(() => {}, 1000);`;
  t.is((await runNode(t, ...moduleText(body))).signal, "SIGBUS");
});

need("no-sanitizer").test(
  "SIGBUS by kill ends a process with open ports; with a handler of the application's it goes there",
  async (t) => {
    const kill = 'process.kill(process.pid, "SIGBUS"); setInterval(() => {}, 1000);';
    t.is((await runMemifScript(t, connected("", kill), memifSocket(t))).signal, "SIGBUS");
    const handled = `process.on("SIGBUS", () => { console.log("handled"); process.exit(0); });${connected("", kill)}`;
    t.is((await runMemifScript(t, handled, memifSocket(t))).output, "handled\n");
  },
);

test("if several processes open one path over a stale file at the same moment, exactly one becomes the server", async (t) => {
  const socket = memifSocket(t);
  const stale = memifScript(
    'Memif.open(serving); process.kill(process.pid, "SIGKILL"); await new Promise(() => {});',
    socket,
  );
  const contender = memifScript(
    `import { once } from "node:events";
    console.log("ready");
    await once(process.stdin, "data");
    try { Memif.open(serving); console.log("open"); } catch (error) { console.log(error.code); }
    await once(process.stdin, "end");
    process.exit(0);`,
    socket,
  );
  for (let round = 0; round < 3; round++) {
    await runNode(t, ...moduleText(stale));
    const programs = Array.from({ length: 4 }, () => {
      const program = spawn(process.execPath, moduleText(contender), { stdio: ["pipe", "pipe", "inherit"] });
      t.teardown(() => program.kill("SIGKILL"));
      return { program, lines: createInterface(program.stdout)[Symbol.asyncIterator]() };
    });
    const said = () => Promise.all(programs.map(async ({ lines }) => (await lines.next()).value));
    t.deepEqual(await said(), ["ready", "ready", "ready", "ready"]);
    for (const { program } of programs) program.stdin.write("go");
    t.deepEqual((await said()).sort(), ["EADDRINUSE", "EADDRINUSE", "EADDRINUSE", "open"]);
    await Promise.all(programs.map(({ program }) => [once(program, "exit"), program.stdin.end()][0]));
  }
});
