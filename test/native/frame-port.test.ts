// The embedded VPP's ports to Linux: foreign frames, links that go down, handlers that throw.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { native } from "../../lib/native.js";
import { uncaughtDuring } from "../support/machine/uncaught.js";
import { need } from "../support/need.js";
import { facingVpp, socketFolder, turn, until } from "../support/punt-socket/peer.js";

const library = JSON.stringify(new URL("../../lib/native.js", import.meta.url).href);

/** Runs `body` between the ends va and vb of a veth pair, in a network namespace of its own. It ends by printing a result. */
function betweenVeths(t: ExecutionContext, body: string): unknown {
  const setup =
    "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 && ip link set lo up && " +
    'ip link add va type veth peer name vb && ip link set va up && ip link set vb up && exec "$0" --input-type=module -e "$1"';
  const code = `
    const { native } = await import(${library});
    const { execFileSync } = await import("node:child_process");
    const { Worker } = await import("node:worker_threads");
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const until = async (condition) => { while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1)); };
    const open = (name, onFrames) => {
      const port = new native.SimFramePort({ kind: "packet", name, netns: "", sendBuffer: 0 });
      const slab = new Uint8Array(8 * 2048), lengths = new Uint32Array(8);
      port.start(slab, lengths, 2048, (count) => onFrames(count, slab));
      return port;
    };
    const send = (port, byte) => {
      const frame = new Uint8Array(64).fill(byte);
      frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5]);
      return port.send(frame, Uint32Array.of(0, 64, 0), 1, new Uint8Array(1));
    };
    ${body}
    process.exit(0);`;
  const { status, stdout, stderr } = spawnSync("unshare", ["--net", "sh", "-c", setup, process.execPath, code], {
    encoding: "utf8",
    timeout: 60_000,
  });
  t.is(status, 0, stderr);
  return JSON.parse(stdout);
}

const { test: withNetns } = need("root", "netns", "ip");

withNetns("a port on one interface never has a frame of another", (t) => {
  const flood = `
    const socket = require("node:dgram").createSocket("udp4");
    const { parentPort } = require("node:worker_threads");
    let sent = 0;
    const send = () => socket.send(Buffer.alloc(100), 9, "127.0.0.1", () => { if (++sent === 100) parentPort.postMessage("on"); send(); });
    for (let i = 0; i < 8; i++) send();`;
  const frames = betweenVeths(
    t,
    `
    const worker = new Worker(${JSON.stringify(flood)}, { eval: true, execArgv: [] });
    await new Promise((resolve) => worker.once("message", resolve));
    let frames = 0;
    for (let i = 0; i < 300; i++) {
      const port = open("vb", (count) => { frames += count; });
      await turn();
      await turn();
      port.close();
    }
    console.log(frames);`,
  );
  t.is(frames, 0);
});

withNetns("a port goes on after its link went down and came up", (t) => {
  const seen = betweenVeths(
    t,
    `
    const seen = [];
    open("vb", (count, slab) => { for (let i = 0; i < count; i++) seen.push(slab[i * 2048 + 63]); });
    const sender = open("va", () => {});
    send(sender, 1);
    await until(() => seen.length === 1);
    for (const round of [2, 3]) {
      execFileSync("ip", ["link", "set", "vb", "down"]);
      await turn();
      await new Promise((resolve) => setTimeout(resolve, 20));
      execFileSync("ip", ["link", "set", "vb", "up"]);
      await until(() => { send(sender, round); return seen.includes(round); });
    }
    console.log(JSON.stringify([...new Set(seen)]));`,
  );
  t.deepEqual(seen, [1, 2, 3]);
});

withNetns("the port of an interface that was deleted is silent and costs nothing", (t) => {
  const ticks = betweenVeths(
    t,
    `
    open("vb", () => {});
    execFileSync("ip", ["link", "delete", "va"]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { user, system } = process.cpuUsage(before);
    console.log((user + system) / 1000);`,
  );
  t.true((ticks as number) < 200, `${ticks} ms of CPU in 500 ms`);
});

test.serial("an error that a handler throws is an uncaughtException, and later frames still arrive", async (t) => {
  const folder = socketFolder(t);
  const { vpp } = facingVpp(t);
  const path = join(folder, "punt");
  const port = new native.SimFramePort({ kind: "punt", name: path, netns: "", sendBuffer: 65536 });
  t.teardown(() => port.close());
  let calls = 0;
  port.start(new Uint8Array(4096), new Uint32Array(2), 2048, () => {
    calls++;
    if (calls === 1) throw new Error("handler");
  });
  const caught = await uncaughtDuring(async () => {
    vpp.punt(path, Buffer.alloc(64));
    await until(() => calls === 1);
    await turn();
  });
  t.deepEqual(
    caught.map((error) => (error as Error).message),
    ["handler"],
  );
  vpp.punt(path, Buffer.alloc(64));
  await until(() => calls === 2);
  t.pass();
});

test("a punt socket of a living process stays, the file of a closed port is gone", async (t) => {
  const path = join(socketFolder(t), "punt");
  const options = { kind: "punt", name: path, netns: "", sendBuffer: 65536 } as const;
  const first = new native.SimFramePort(options);
  t.throws(() => new native.SimFramePort(options), { code: "EADDRINUSE" });
  first.close();
  new native.SimFramePort(options).close();
});
