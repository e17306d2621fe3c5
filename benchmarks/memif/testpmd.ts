// Runs DPDK's testpmd as the server of a memif.
//   testpmd.js SOCKET txonly SIZE SECONDS    sends for that long
//   testpmd.js SOCKET rxonly                 receives until the packets stop
// Prints { "packets", "pps", "refused": packets that the ring had no room for }, as testpmd counts them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { program, testpmdProgram } from "../../test/support/machine/programs.js";
import { meter } from "./meter.js";

const [socket, mode, size = "64", seconds] = process.argv.slice(2) as [string, "txonly" | "rxonly", string?, string?];
/** Time for the receiver to take the packets in the ring, before testpmd ends the connection. */
const DRAIN_MS = 300;

const device = `net_memif0,role=server,id=0,socket=${socket},socket-abstract=no,bsize=2048,rsize=10`;
// Both threads share the core of this process: the one with the command line sleeps.
const cores = program("taskset") === undefined ? [] : ["--lcores", "0@0,1@0"];
const eal = ["--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m", "256", ...cores, "--vdev", device];
const app = [
  "-i",
  "--no-mlockall",
  "--total-num-mbufs=4096",
  "--no-flush-rx",
  `--forward-mode=${mode}`,
  `--txpkts=${size}`,
];
// testpmd ends with this process, and doesn't keep its lines back.
const wrapped = ["--pdeathsig", "KILL", "stdbuf", "-oL", testpmdProgram()!];
const testpmd = spawn("setpriv", [...wrapped, ...eal, "--", ...app], { stdio: ["pipe", "pipe", "ignore"] });
const closed = once(testpmd, "close");
let output = "";
testpmd.stdout.setEncoding("utf8").on("data", (text: string) => {
  output += text;
});

/** Gives testpmd a command, and returns the first match in its answer. */
async function ask(command: string, answer: RegExp): Promise<string> {
  const from = output.length;
  testpmd.stdin.write(`${command}\n`);
  for (;;) {
    const found = answer.exec(output.slice(from));
    if (found !== null) return found[1] ?? found[0];
    if (testpmd.exitCode !== null) throw new Error(`testpmd has ended:\n${output}`);
    await sleep(5);
  }
}

const word = mode === "txonly" ? "TX" : "RX";
const packets = async () => Number(await ask("show port stats 0", new RegExp(`${word}-packets: (\\d+)`)));

while ((await ask("show port info 0", /Link status: (\w+)/)) !== "up") await sleep(20);
await ask("start", /nb forwarding ports/);
const pps = await meter(packets, seconds === undefined ? undefined : 1000 * Number(seconds));
await ask("stop", /Done\./);
await sleep(DRAIN_MS);
testpmd.stdin.end("quit\n");
await closed;
const total = output.slice(output.lastIndexOf("Accumulated forward statistics"));
const count = (what: string) => Number(new RegExp(`${word}-${what}: *(\\d+)`).exec(total)?.[1]);
console.log(JSON.stringify({ packets: count("packets"), pps, refused: count("dropped") }));
