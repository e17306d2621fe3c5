// memif against the same engine without JavaScript: the difference is the cost of JavaScript.
import { cpus } from "node:os";
import { atMost, ratioAtLeast, type Side, type Suite, type Trial } from "../harness/trial.js";
import { overLibmemif, pair, receive, roundTrip, send } from "../trials/memif.js";
import { engine } from "../trials/memif-peers.js";

const SECONDS = 1;
const SIZES = [64, 1500];

/** Ports that wait for packets which do not come. */
function idle(name: string, ports: number): Trial {
  const more = ["--mode", "interrupt", "--ports", ports];
  return {
    name,
    ours: ({ folder, script }) =>
      pair(
        (socket) => script("memif/servers", "--socket", socket, ...more),
        (socket) => script("memif/idle", "--socket", socket, ...more, "--seconds", 5),
        folder,
      ),
    rows: [{ name: "CPU", unit: "%", value: ([, port]) => port!.percent!, target: atMost(0.5) }],
  };
}

const WORKERS = Math.min(cpus().length, 4);

/** One thread a queue, and a handler that takes its time: a thread on each core against one thread. */
const threads: Trial = (() => {
  const side = (queues: number): Side => {
    const more = (socket: string) => ["--socket", socket, "--queues", queues, "--seconds", SECONDS];
    return ({ folder, script }) => {
      const socket = `${folder}/memif.sock`;
      return [
        { command: script("memif/spreader", ...more(socket), "--size", 1500) },
        { command: script("memif/workers", ...more(socket)) },
      ];
    };
  };
  return {
    name: `receive 1500 B, ${WORKERS} queues on ${WORKERS} threads against 1`,
    ours: side(WORKERS),
    peer: side(1),
    // The sender needs a part of a core too.
    rows: [{ name: "rate", unit: "pps", value: ([, ports]) => ports!.pps!, target: ratioAtLeast(0.75 * WORKERS) }],
    unavailable: () => (WORKERS > 1 ? undefined : "there is one core"),
  };
})();

const suite: Suite = {
  trials: [
    ...SIZES.map((size) => receive(engine, size, "polling", 0.95)),
    ...SIZES.map((size) => receive(engine, size, "adaptive", 0.9)),
    ...SIZES.map((size) => send(engine, "list", size, 0.8)),
    roundTrip(engine, "interrupt", { p50: 1.15, p99: 2 }),
    roundTrip(engine, "polling", { p50: 2, p99: 2 }),
    ...SIZES.flatMap((size) => [overLibmemif(engine, "receive", size), overLibmemif(engine, "send", size)]),
    threads,
    idle("idle port, interrupt", 1),
    idle("100 idle memif ports, interrupt", 100),
  ],
};

export default suite;
