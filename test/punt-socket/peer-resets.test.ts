// A peer that connects to a punt socket and turns away with packets unread: the kernel reports ECONNRESET to us.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ExecutionContext } from "ava";
import { bindPuntSocket } from "../../lib/descriptor/index.js";
import { PuntAction, PuntInjector } from "../../lib/punt-socket/index.js";
import { need } from "../support/need.js";
import { open, socketFolder, until } from "../support/punt-socket/peer.js";

const program = new URL("../../../test/support/punt-socket/rude_peer.py", import.meta.url).pathname;

interface RudePeer {
  readonly vppPath: string;
  readonly path: string;
  /** Connects to the client and turns to another; then sends a packet, or not. `leave`: turns to nobody. */
  reset(then: "send" | "stay" | "leave"): Promise<void>;
}

async function rudePeer(t: ExecutionContext): Promise<RudePeer> {
  const folder = socketFolder(t);
  const [vppPath, path] = [join(folder, "vpp"), join(folder, "client")];
  const child = spawn("python3", [program, vppPath, path], { stdio: ["pipe", "pipe", "inherit"] });
  t.teardown(() => child.kill());
  const lines = createInterface(child.stdout);
  await once(lines, "line");
  const reset = async (then: string) => {
    child.stdin.write(`${then}\n`);
    await once(lines, "line");
  };
  return { vppPath, path, reset };
}

/** CPU time of this process's drain threads, in ticks. */
function drainTicks(): number {
  let ticks = 0;
  for (const thread of readdirSync("/proc/self/task")) {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, "utf8");
    if (!stat.includes("(punt-drain)")) continue;
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks;
}

const { test: withPython } = need("python3");

withPython.serial("the drain thread sleeps on, although JavaScript reads nothing", async (t) => {
  const { vppPath, path, reset } = await rudePeer(t);
  const socket = open(t, { path, vppPath });
  socket.sendTo(vppPath, 1, new Uint8Array(64));
  await reset("stay");
  const before = drainTicks();
  await new Promise((resolve) => setTimeout(resolve, 500));
  // Spinning takes up to 50 ticks.
  t.true(drainTicks() - before <= 5, `${drainTicks() - before} ticks`);
});

withPython("a handler still receives", async (t) => {
  const { vppPath, path, reset } = await rudePeer(t);
  let packets = 0;
  const socket = open(t, { path, vppPath });
  socket.receive((batch) => {
    packets += batch.length;
  });
  for (let round = 1; round <= 5; round++) {
    socket.sendTo(vppPath, 1, new Uint8Array(64));
    await reset("send");
    await until(() => packets === round);
  }
  t.is(packets, 5);
});

withPython("an injector that meets a reset sends its packets all the same", async (t) => {
  const { vppPath, path, reset } = await rudePeer(t);
  const injector = PuntInjector.open({
    descriptor: bindPuntSocket({ path, vppPath }),
    knownInterfaces: new Set([1]),
  });
  t.teardown(() => injector.close());
  const packet = new Uint8Array(64);
  t.true(injector.inject(PuntAction.L2, 1, packet));
  await reset("leave");
  t.true(injector.inject(PuntAction.L2, 1, packet));
  await reset("leave");
  t.is(injector.injectAll(PuntAction.L2, 1, [packet, packet]), 2);
  t.like(injector.stats(), { packets: 4, bytes: 256, refused: { disconnected: 0, full: 0 } });
});
