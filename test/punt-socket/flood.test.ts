// A sender that never waits, faster than its packets can be read, on the one core that JavaScript has with the thread that drains.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { compilePeer } from "../../benchmarks/harness/workspace.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const receiver = fileURLToPath(new URL("../../benchmarks/punt-socket/receiver.js", import.meta.url));
const SECONDS = "1";
/** Milliseconds for the mark at the end, which is lost if packets are. */
const PATIENCE = 20_000;

/** The cores that this process may run on, such as those of "0-1,4". */
const cores = /Cpus_allowed_list:\s*(\S+)/
  .exec(readFileSync("/proc/self/status", "utf8"))![1]!
  .split(",")
  .flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number) as [number, number?];
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });

/** Starts a program on one core. */
function on(t: ExecutionContext, core: number, ...command: readonly string[]) {
  const child = spawn("taskset", ["-c", `${core}`, ...command], { stdio: ["pipe", "pipe", "inherit"] });
  t.teardown(() => child.kill("SIGKILL"));
  return { child, output: text(child.stdout) };
}

function resultIn(output: string): Record<string, number> {
  return JSON.parse(output.split("\n").find((line) => line.startsWith("{")) ?? "{}");
}

const onTwoCores = cores.length > 1 ? test.serial : test.serial.skip;
onTwoCores(
  "in a flood, every packet that was taken reaches JavaScript, or is counted where it was dropped",
  async (t) => {
    const folder = socketFolder(t);
    const [vpp, client] = [join(folder, "vpp"), join(folder, "client")];
    const sender = on(t, cores[0]!, compilePeer("punt_sender"), vpp, client, SECONDS, "1500", "0");
    await once(sender.child.stdout, "data");
    const received = on(t, cores[1]!, process.execPath, receiver, vpp, client);
    await once(sender.child, "exit");
    const { sent } = resultIn(await sender.output);
    const patience = setTimeout(() => received.child.stdin.end(), PATIENCE);
    const { packets, ringFull } = resultIn(await received.output);
    clearTimeout(patience);
    t.true(packets! > 0);
    t.is(packets! + ringFull!, sent);
  },
);
