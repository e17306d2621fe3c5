// The peers are the same engine without JavaScript: what is measured is what JavaScript costs.
import { cpus } from "node:os";
import { atMost, ratioAtLeast, ratioAtMost, type Side, type Step, type Suite, type Trial } from "../harness/trial.js";

const SECONDS = 1;
const SIZES = [64, 1500];
/** Sleeping on a doorbell or looking at the ring, as the peers call it. */
const PEER_WAIT = { polling: "poll", adaptive: "poll", interrupt: "sleep" } as const;
type Mode = keyof typeof PEER_WAIT;

/** Two steps at a memif socket in the run's folder, each on a core of its own. */
function pair(first: (socket: string) => string[], second: (socket: string) => string[], folder: string): Step[] {
  const socket = `${folder}/memif.sock`;
  return [
    { command: first(socket), cpu: 0 },
    { command: second(socket), cpu: 1 },
  ];
}

function receive(size: number, mode: Mode): Trial {
  const source = (peer: (name: string) => string) => (socket: string) => [
    peer("memif_source"),
    "server",
    socket,
    `${size}`,
  ];
  const ours: Side = ({ folder, peer, script }) =>
    pair(
      source(peer),
      (socket) => script("memif/receiver", "--socket", socket, "--mode", mode, "--seconds", SECONDS),
      folder,
    );
  const theirs: Side = ({ folder, peer }) =>
    pair(source(peer), (socket) => [peer("memif_sink"), "client", socket, PEER_WAIT[mode], `${SECONDS}`], folder);
  const target = ratioAtLeast(mode === "polling" ? 0.5 : 0.3);
  return {
    name: `receive ${size} B, ${mode}`,
    ours,
    peer: theirs,
    rows: [
      { name: "rate", unit: "pps", value: ([, sink]) => sink!.pps!, target },
      { name: "lost", unit: "packets", value: ([from, sink]) => from!.sent! - sink!.received!, target: atMost(0) },
      { name: "GC", unit: "%", value: ([, sink]) => sink!.gcPercent ?? 0, target: atMost(1) },
    ],
  };
}

function send(size: number): Trial {
  const sink = (peer: (name: string) => string) => (socket: string) => [peer("memif_sink"), "server", socket, "poll"];
  return {
    name: `send ${size} B`,
    ours: ({ folder, peer, script }) =>
      pair(
        sink(peer),
        (socket) => script("memif/sender", "--socket", socket, "--size", size, "--seconds", SECONDS),
        folder,
      ),
    peer: ({ folder, peer }) =>
      pair(sink(peer), (socket) => [peer("memif_source"), "client", socket, `${size}`, `${SECONDS}`], folder),
    rows: [
      { name: "rate", unit: "pps", value: ([, source]) => source!.pps!, target: ratioAtLeast(0.3) },
      { name: "lost", unit: "packets", value: ([to, source]) => source!.sent! - to!.received!, target: atMost(0) },
    ],
  };
}

function roundTrip(mode: "interrupt" | "polling", limits: { p50: number; p99: number }): Trial {
  const rounds = mode === "polling" ? 100_000 : 10_000;
  const wait = PEER_WAIT[mode];
  const pinger = (peer: (name: string) => string) => (socket: string) => [
    ...[peer("memif_pinger"), "client", socket, wait, `${rounds}`],
  ];
  return {
    name: `round trip 64 B, ${mode}`,
    ours: ({ folder, peer, script }) =>
      pair(
        (socket) => [...script("memif/echo", "--role", "server", "--socket", socket, "--mode", mode)],
        pinger(peer),
        folder,
      ),
    peer: ({ folder, peer }) => pair((socket) => [peer("memif_echo"), "server", socket, wait], pinger(peer), folder),
    rows: [
      { name: "p50", unit: "us", value: ([, ping]) => ping!.p50!, target: ratioAtMost(limits.p50) },
      { name: "p99", unit: "us", value: ([, ping]) => ping!.p99!, target: ratioAtMost(limits.p99) },
    ],
  };
}

const idle: Trial = {
  name: "idle port, interrupt",
  ours: ({ folder, peer, script }) =>
    pair(
      (socket) => [peer("memif_echo"), "server", socket, "sleep"],
      (socket) => script("memif/idle", "--socket", socket, "--mode", "interrupt", "--seconds", 3),
      folder,
    ),
  rows: [{ name: "CPU", unit: "%", value: ([, port]) => port!.percent!, target: atMost(0.5) }],
};

const WORKERS = Math.min(cpus().length, 4);

/** A thread a queue, and a handler that takes its time: with a thread a core against one thread. */
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
    ...(["polling", "adaptive"] as const).flatMap((mode) => SIZES.map((size) => receive(size, mode))),
    ...SIZES.map(send),
    roundTrip("interrupt", { p50: 1.15, p99: 2 }),
    roundTrip("polling", { p50: 2, p99: 2 }),
    threads,
    idle,
  ],
};

export default suite;
