// Opening and closing VPP's statistics: early closes, several descriptors, late reads.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readlinkSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ExecutionContext } from "ava";
import { VppStats } from "../../lib/binapi/index.js";
import { native } from "../../lib/native.js";
import { until } from "../support/descriptor/peer.js";
import { moduleText, runNode } from "../support/machine/script.js";
import { need } from "../support/need.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const program = new URL("../../../test/support/vpp/stats_server.py", import.meta.url).pathname;

interface StatsServer {
  readonly socketPath: string;
  /** Accepts one connection and answers it. */
  answer(): Promise<void>;
  /** Replaces the socket by a new one. */
  restart(): Promise<void>;
  /** Ends its process; the socket's file stays. */
  kill(): Promise<unknown>;
}

async function statsServer(t: ExecutionContext, descriptors: number): Promise<StatsServer> {
  const socketPath = join(socketFolder(t), "stats.sock");
  const child = spawn("python3", [program, socketPath, String(descriptors)], { stdio: ["pipe", "pipe", "inherit"] });
  t.teardown(() => child.kill());
  const lines = createInterface(child.stdout);
  await once(lines, "line");
  const say = async (word: string) => {
    const answered = once(lines, "line");
    child.stdin.write(`${word}\n`);
    await answered;
  };
  const kill = () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    return ended;
  };
  return { socketPath, answer: () => say("answer"), restart: () => say("again"), kill };
}

async function openStats(server: StatsServer): Promise<VppStats> {
  const [stats] = await Promise.all([VppStats.open({ socketPath: server.socketPath }), server.answer()]);
  return stats;
}

/** Returns the number of open descriptors of statistics segments. */
function segments(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes("memfd:stats");
    } catch {
      return false; // It was closed in between.
    }
  }).length;
}

const { test: withPython } = need("python3");
const closed = { code: "ERR_CLOSED" };

withPython.serial("a read that began before close() reads no other file", async (t) => {
  const stats = await openStats(await statsServer(t, 1));
  const read = stats.read();
  stats.close();
  await t.throwsAsync(read, closed);
  await t.throwsAsync(async () => stats.read(), closed);
  t.notThrows(() => stats.close());
  await until(() => segments() === 0);
});

withPython.serial("a closed segment has no number any more that another file may get", async (t) => {
  const server = await statsServer(t, 1);
  const [segment] = await Promise.all([native.fetchStatsSegment(server.socketPath), server.answer()]);
  segment.close();
  // The kernel gives the lowest free number: that of the segment is among them.
  const files = Array.from({ length: 8 }, () => openSync(program, "r"));
  t.teardown(() => files.forEach(closeSync));
  t.is(segment.read(Buffer.alloc(8), 8, 0), -constants.errno.EBADF);
  t.is(segment.size(), -constants.errno.EBADF);
});

withPython.serial("close() during the fetch of a segment ends the read, and leaves no descriptor", async (t) => {
  const server = await statsServer(t, 1);
  const stats = await openStats(server);
  await server.restart();
  const read = stats.read();
  stats.close();
  await Promise.all([t.throwsAsync(read, closed), server.answer()]);
  await until(() => segments() === 0);
});

need("python3", "no-emulation").test.serial("further descriptors beside the segment's are closed", async (t) => {
  const stats = await openStats(await statsServer(t, 3));
  await until(() => segments() === 1);
  stats.close();
  await until(() => segments() === 0);
  await t.throwsAsync(async () => stats.read(), closed);
});

withPython.serial("a server that sends no descriptor is not a VPP", async (t) => {
  const server = await statsServer(t, 0);
  const opening = VppStats.open({ socketPath: server.socketPath });
  await Promise.all([t.throwsAsync(opening, { code: "ERR_DISCONNECTED", message: /stats.sock/ }), server.answer()]);
});

/** Signals every thread of its parent while that waits for the segment. */
const INTERRUPTING = `
import ctypes, os, signal, socket, sys, time
server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.bind(sys.argv[1])
server.listen(1)
print("listening", flush=True)
connection, _ = server.accept()
parent = os.getppid()
for _ in range(20):
    time.sleep(0.01)
    for thread in os.listdir("/proc/%d/task" % parent):
        ctypes.CDLL(None).tgkill(parent, int(thread), signal.SIGUSR2)
segment = os.memfd_create("stats")
os.ftruncate(segment, 4096)
socket.send_fds(connection, [b"x"], [segment])`;

need("python3", "glibc").test("a signal ends no wait for the segment", async (t) => {
  const script = `
    import { spawn } from "node:child_process";
    import { once } from "node:events";
    const { native } = await import(${JSON.stringify(new URL("../../lib/native.js", import.meta.url).href)});
    const path = process.argv[1];
    process.on("SIGUSR2", () => {});
    const child = spawn("python3", ["-c", ${JSON.stringify(INTERRUPTING)}, path], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    console.log((await native.fetchStatsSegment(path)).size());`;
  const ended = await runNode(t, ...moduleText(script), join(socketFolder(t), "stats.sock"));
  t.deepEqual(ended, { output: "4096\n", code: 0, signal: null });
});

need("root", "netns", "python3", "peer-pidfd").test("the end of a VPP in another pid namespace is seen", async (t) => {
  const server = await statsServer(t, 1);
  const script = `
    import { createInterface } from "node:readline";
    const { VppStats } = await import(${JSON.stringify(new URL("../../lib/binapi/index.js", import.meta.url).href)});
    const stats = await VppStats.open({ socketPath: process.argv[1] });
    console.log("open");
    for await (const line of createInterface(process.stdin)) {
      console.log(await stats.read().then(() => "read", (error) => error.code));
    }`;
  const inside = ["--pid", "--fork", "--kill-child", "--mount-proc", process.execPath, ...moduleText(script)];
  const reader = spawn("unshare", [...inside, server.socketPath], { stdio: ["pipe", "pipe", "inherit"] });
  t.teardown(() => reader.kill("SIGKILL"));
  const lines = createInterface(reader.stdout)[Symbol.asyncIterator]();
  const ask = async () => {
    reader.stdin.write("\n");
    return (await lines.next()).value;
  };
  await server.answer();
  t.is((await lines.next()).value, "open");
  t.not(await ask(), "ERR_DISCONNECTED");
  await server.kill();
  t.is(await ask(), "ERR_DISCONNECTED");
});
