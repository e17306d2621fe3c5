// A CNF that is stopped while packets come: VPP's send buffer, which all CNFs share, is full. All losses are counted, and both go on.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { frame, udpPacket } from "../../support/frames.js";
import { within } from "../settling.js";
import type { Trouble } from "./troubles.js";

const cnf = fileURLToPath(new URL("./queue-cnf.js", import.meta.url));
const PACKETS = 4_000;
/** The daemon discards a queue once its CNF has been stopped for 3 s, and says so in its log. */
const DISCARDED = 200;
const STOP_MS = 2_500;

const fullQueue: Trouble = async ({ place }) => {
  await place.startDaemon();
  const children = [0, 1].map((index) =>
    fork(cnf, [place.socket, `${5000 + index}`], { stdio: ["ignore", "ignore", "inherit", "ipc"] }),
  );
  try {
    await Promise.all(children.map((child) => once(child, "message")));
    const counts = [0, 0];
    for (const [index, child] of children.entries())
      child.on("message", (count: number) => {
        counts[index] = count;
      });
    const stopped = performance.now();
    children[0]!.kill("SIGSTOP");
    const mac = (await place.vpp.interfaces()).find(({ name }) => name === "if0")!.mac!;
    const of = (port: number) =>
      frame({ from: "02:00:00:00:00:09", to: mac }, udpPacket({ from: "10.0.0.9", to: "10.0.0.1" }, [9, port], "x"));
    const pair = [of(5000), of(5001)];
    for (let sent = 0; sent < PACKETS; sent += 10)
      await place.vpp.inject("if0", Array.from({ length: 10 }, () => pair).flat());
    const errors = (await place.vpp.counters()).filter(({ reason }) => reason === "Socket TX error");
    const lost = errors.reduce((sum, { count }) => sum + Number(count), 0);
    if (lost === 0) throw new Error("no loss is counted");
    children[0]!.kill("SIGCONT");
    const discarded = performance.now() - stopped < STOP_MS ? 0 : DISCARDED;
    const all = () => counts[0]! + counts[1]! + lost + discarded >= 2 * PACKETS;
    await within("every packet, received or counted as lost", 60_000, reaches(all), () => `${counts} and ${lost}`);
    const before = [...counts];
    await place.vpp.inject("if0", pair);
    await within(
      "packets after the stop",
      60_000,
      reaches(() => counts.every((count, i) => count > before[i]!)),
    );
    return `${PACKETS} packets each: ${before.join(" and ")} received, ${lost} counted as lost`;
  } finally {
    for (const child of children) child.kill("SIGKILL");
    while ((await place.punts.list()).some(({ id }) => id.cnf.startsWith("queue")))
      await new Promise((next) => setTimeout(next, 20));
  }
};

async function reaches(isIt: () => boolean): Promise<void> {
  while (!isIt()) await new Promise((resolve) => setTimeout(resolve, 2));
}

export const queues: Readonly<Record<string, Trouble>> = { "full queue": fullQueue };
