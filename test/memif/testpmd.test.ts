// Against DPDK's own memif driver, in both of its roles.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { ExecutionContext } from "ava";
import type { Memif, MemifOptions } from "../../lib/memif/index.js";
import { testpmdProgram } from "../support/machine/programs.js";
import { event, memifSocket, openMemif, until } from "../support/memif/ports.js";
import { need } from "../support/need.js";

const { test } = need("testpmd");

interface Testpmd {
  process: ChildProcess;
  /** Its counts, once it has stopped: `RX-packets`, `TX-packets` of the port. */
  stop(): Promise<{ rx: number; tx: number }>;
}

interface Setup {
  role: "server" | "client";
  forward: "rxonly" | "txonly" | "io" | "macswap";
  queues?: number;
}

/** testpmd in its interactive mode, forwarding as soon as the link is up. */
function startTestpmd(t: ExecutionContext, socket: string, { role, forward, queues = 1 }: Setup): Testpmd {
  const device = `net_memif0,role=${role},id=0,socket=${socket},socket-abstract=no,bsize=2048,rsize=10`;
  const eal = ["--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m", "256", "-l", "0,1", "--vdev", device];
  const app = [
    "-i",
    "--no-mlockall",
    "--total-num-mbufs=4096",
    `--forward-mode=${forward}`,
    "--auto-start",
    "--no-flush-rx",
  ];
  const child = spawn(testpmdProgram()!, [...eal, "--", ...app, `--rxq=${queues}`, `--txq=${queues}`]);
  t.teardown(() => child.kill("SIGKILL"));
  let output = "";
  child.stdout.on("data", (text) => {
    output += text;
  });
  child.stderr.resume();
  const stop = async () => {
    child.stdin.end("stop\nquit\n");
    await once(child, "close");
    const total = output.slice(output.lastIndexOf("Accumulated forward statistics"));
    const count = (name: string) => Number(new RegExp(`${name}-packets: *(\\d+)`).exec(total)?.[1]);
    return { rx: count("RX"), tx: count("TX") };
  };
  return { process: child, stop };
}

function open(
  t: ExecutionContext,
  testpmd: Setup["role"],
  more: Partial<MemifOptions> = {},
): { port: Memif; socket: string } {
  const socket = memifSocket(t);
  const role = testpmd === "server" ? "client" : "server";
  return { socket, port: openMemif(t, { role, socket, reconnectMs: 50, ...more }) };
}

for (const role of ["client", "server"] as const) {
  for (const queues of [1, 4]) {
    test.serial(`testpmd as ${role} sends on ${queues} queue(s): every packet arrives`, async (t) => {
      const { port, socket } = open(t, role, { rxQueues: queues, txQueues: queues });
      const got = new Array<number>(queues).fill(0);
      let wrong = 0;
      port.receive((batch, queue) => {
        got[queue.index]! += batch.length;
        for (let i = 0; i < batch.length; i++) if (batch.byteLength(i) !== 64) wrong++;
      });
      const testpmd = startTestpmd(t, socket, { role, forward: "txonly", queues });
      await event(port, "up");
      await until(() => got.every((packets) => packets > 5000));
      const down = event(port, "down");
      const { tx } = await testpmd.stop();
      await down;
      t.is(
        got.reduce((sum, packets) => sum + packets),
        tx,
      );
      t.is(wrong, 0);
      t.is(port.stats().violations, 0);
    });
  }

  test.serial(`testpmd as ${role} returns what it is sent, long packets in several of its buffers`, async (t) => {
    // testpmd's mbufs hold 2048 bytes: longer packets are chains on its side, and on ours where buffers are small.
    const { port, socket } = open(t, role, { bufferSize: 1024 });
    const packets = Array.from({ length: 200 }, (_, i) => new Uint8Array(64 + i * 35).fill(i));
    const back: Uint8Array[] = [];
    port.receive((batch) => {
      for (let i = 0; i < batch.length; i++) back.push(batch.copy(i));
    });
    const testpmd = startTestpmd(t, socket, { role, forward: "io" });
    await event(port, "up");
    for (let done = 0; done < packets.length; ) {
      const taken = port.send(packets.slice(done, done + 16));
      done += taken;
      if (taken < 16) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => back.length === packets.length);
    t.true(back.every((packet, i) => Buffer.compare(packet, packets[i]!) === 0));
    const { rx, tx } = await testpmd.stop();
    t.deepEqual({ rx, tx }, { rx: 200, tx: 200 });
    if (role === "server") t.true(port.stats().rx[0]!.chained > 0);
  });
}

test.serial("testpmd killed in full flow: down, and the next one connects", async (t) => {
  const { port, socket } = open(t, "client");
  let got = 0;
  port.receive((batch) => {
    for (let i = 0; i < batch.length; i++) got += batch.u8(i, 0) >= 0 ? 1 : 0;
  });
  for (let round = 1; round <= 2; round++) {
    const testpmd = startTestpmd(t, socket, { role: "client", forward: "txonly" });
    await event(port, "up");
    const before = got;
    await until(() => got > before + 1000);
    const down = event(port, "down");
    testpmd.process.kill("SIGKILL");
    t.deepEqual(await down, { reason: "connection closed by peer", by: "peer" });
    t.is(port.stats().disconnects, round);
  }
});
