// Trials of punt sockets against C programs.
import { join } from "node:path";
import { missingPackage } from "../harness/libraries.js";
import {
  atMost,
  differenceAtMost,
  type Result,
  ratioAtLeast,
  ratioAtMost,
  type Side,
  type Step,
  type Suite,
  shown,
  type Trial,
  type Workspace,
} from "../harness/trial.js";

// The peers play VPP on the other core: one packet a sendmsg(), from a socket with VPP's send buffer.
const SECONDS = 3;
/** Packets of a long round of draining. They exceed VPP's send buffer, so that the cost of a packet dominates. */
const LONG_QUEUE = 2000;
/** How long the filler needs for it, in ms. */
const LONG_FILL_MS = "20";
/** Packets that VPP's send buffer holds, by size. Waking up to read costs as much as reading there. */
const VPP_QUEUE: Record<number, number> = { 64: 171, 1500: 57 };
const SIZES = [64, 1500];

/** Runs a process that plays VPP on core 0, and the measured one on core 1. `command` is given VPP's path and its own. */
function facing(
  vpp: (w: Workspace, vppPath: string, path: string) => (string | number)[],
  command: (w: Workspace, vppPath: string, path: string) => string[],
): Side {
  return (workspace) => {
    const vppPath = join(workspace.folder, "vpp");
    const path = join(workspace.folder, "client");
    const peer: Step = { command: vpp(workspace, vppPath, path).map(String), cpu: 0 };
    return [peer, { command: command(workspace, vppPath, path), cpu: 1 }];
  };
}

const counted = (measured: Result) => measured.counted ?? measured.packets!;
const perSecond = ([, measured]: Result[]) => counted(measured!) / measured!.seconds!;
const userUsEach = ([, measured]: Result[]) => measured!.userUs! / counted(measured!);
const cpuUsEach = ([, m]: Result[]) => (m!.userUs! + m!.systemUs!) / counted(m!);
const dropShare = ([sender]: Result[]) => (100 * sender!.dropped!) / (sender!.dropped! + sender!.sent!);
const lostShare = ([sender, measured]: Result[]) => 100 * (1 - measured!.packets! / sender!.sent!);

/** A sender that doesn't wait: as fast as it can (0), or at a rate. */
const sending = (size: number, rate: number) => (w: Workspace, vppPath: string, path: string) => [
  ...[w.peer("punt_sender"), vppPath, path, SECONDS, size, rate],
];

/** Receives from a sender that doesn't wait: as fast as it can (0), or at a rate. `gatherUs` is the option of that name. */
function receive(size: number, rate: number, gatherUs?: number): Trial {
  const sender = sending(size, rate);
  const speed = rate === 0 ? "flat out" : `${rate / 1000} kpps`;
  const gather = gatherUs === undefined ? [] : [0, gatherUs];
  return {
    name: `receive ${size} B, ${speed}${gatherUs === undefined ? "" : `, gatherUs ${gatherUs}`}`,
    ours: facing(sender, (w, vppPath, path) => w.script("punt-socket/receiver", vppPath, path, ...gather)),
    peer: facing(sender, (w, vppPath, path) => [w.peer("punt_receiver"), vppPath, path, "epoll"]),
    rows: [
      { name: "rate", unit: "pps", value: perSecond, target: ratioAtLeast(0.95) },
      { name: "user CPU a packet", unit: "us", value: userUsEach, target: differenceAtMost(0.3) },
      { name: "CPU a packet", unit: "us", value: cpuUsEach, target: ratioAtMost(1.5) },
      // A single hiccup of the machine is half a percent of such a run.
      { name: "dropped by the sender", unit: "%", value: dropShare, target: differenceAtMost(0.5) },
      { name: "sent and not received", unit: "%", value: lostShare, target: differenceAtMost(0.5) },
    ],
  };
}

/** Receives as fast as it can, beside a package of npm. */
function receiveBesideNpm(size: number): Trial {
  const trial = receive(size, 0);
  return {
    ...trial,
    name: `${trial.name}, against npm unix-dgram`,
    peer: facing(sending(size, 0), (w, vppPath, path) => [w.source("npm_unix_dgram_receiver.mjs"), vppPath, path]),
    unavailable: () => missingPackage("unix-dgram"),
  };
}

/** The C programs of a trial with io_uring (multishot, provided buffers) in the place of ours, against the same with recvmmsg. */
function byUring(trial: Trial, program: string, ...args: string[]): Trial {
  const ours: Side = (workspace) => {
    const [peer, measured] = trial.peer!(workspace) as [Step, Step];
    const [, vppPath, path] = measured.command as [string, string, string];
    return [peer, { ...measured, command: [workspace.peer(program), vppPath, path, ...args] }];
  };
  const rows = trial.rows.map((row) => ({ ...row, target: shown }));
  return { ...trial, name: `${trial.name}, C: io_uring against recvmmsg`, ours, rows };
}

/** Drains a full queue while nothing else runs. */
function drain(size: number, queue: number): Trial {
  const [rounds, fillMs] = queue === LONG_QUEUE ? [100, LONG_FILL_MS] : [500, "4"];
  const filler = (w: Workspace, vppPath: string, path: string) => [
    ...[w.peer("punt_filler"), vppPath, path, rounds, queue, size],
  ];
  return {
    name: `drain a queue of ${queue} x ${size} B`,
    ours: facing(filler, (w, vppPath, path) => w.script("punt-socket/drainer", vppPath, path, fillMs)),
    peer: facing(filler, (w, vppPath, path) => [w.peer("punt_drainer"), vppPath, path, fillMs]),
    rows: [{ name: "rate", unit: "pps", value: ([, measured]) => measured!.rate!, target: ratioAtLeast(0.95) }],
  };
}

/** Blocks JavaScript for 5 s; the sender must not notice. */
function blocked(size: number): Trial {
  const sender = (w: Workspace, vppPath: string, path: string) => [
    ...[w.peer("punt_sender"), vppPath, path, 5.5, size, 20_000],
  ];
  return {
    name: `event loop blocked for 5 s, 20 kpps of ${size} B`,
    ours: facing(sender, (w, vppPath, path) => w.script("punt-socket/receiver", vppPath, path, 5000)),
    rows: [
      { name: "send errors", unit: "", value: ([sender]) => sender!.dropped!, target: atMost(0) },
      { name: "not received", unit: "", value: ([s, r]) => s!.sent! - r!.packets!, target: atMost(0) },
    ],
  };
}

function inject(size: number): Trial {
  const sink = (w: Workspace, vppPath: string) => [w.peer("punt_sink"), vppPath];
  const packets = 300_032;
  return {
    name: `inject ${size} B`,
    ours: facing(sink, (w, vppPath) => w.script("punt-socket/injector", vppPath, packets, size)),
    peer: facing(sink, (w, vppPath) => [w.peer("punt_injector"), vppPath, String(packets), String(size)]),
    rows: [
      { name: "rate", unit: "pps", value: perSecond, target: ratioAtLeast(0.9) },
      { name: "lost", unit: "", value: ([s, m]) => m!.packets! - s!.packets!, peer: () => 0, target: atMost(1) },
    ],
  };
}

/** Times round trips: the pinger punts a packet, and the measured side injects the answer. */
function roundTrip(how: "event loop" | "polling"): Trial {
  const rounds = 20_000;
  const mode = how === "polling" ? { ours: ["poll"], peer: "busy" } : { ours: [], peer: "epoll" };
  // The pinger ends the trial.
  const before = (command: (w: Workspace, vppPath: string, path: string) => string[]): Side =>
    facing((w, vppPath, path) => [w.peer("punt_pinger"), vppPath, path, rounds, 64], command);
  return {
    name: `round trip 64 B, ${how}`,
    ours: before((w, vppPath, path) => w.script("punt-socket/echo", vppPath, path, ...mode.ours)),
    peer: before((w, vppPath, path) => [w.peer("punt_echo"), vppPath, path, mode.peer]),
    rows: [
      { name: "p50", unit: "us", value: ([pinger]) => pinger!.p50!, target: ratioAtMost(1.1) },
      { name: "p99", unit: "us", value: ([pinger]) => pinger!.p99!, target: ratioAtMost(2) },
    ],
  };
}

const suite: Suite = {
  trials: [
    ...SIZES.map((size) => receive(size, 0)),
    ...SIZES.map(receiveBesideNpm),
    receive(64, 20_000),
    receive(64, 20_000, 1000),
    receive(64, 100_000),
    ...SIZES.flatMap((size) => [drain(size, VPP_QUEUE[size]!), drain(size, LONG_QUEUE)]),
    byUring(receive(64, 0), "punt_receiver", "uring"),
    byUring(receive(64, 20_000), "punt_receiver", "uring"),
    byUring(drain(64, LONG_QUEUE), "punt_drainer", LONG_FILL_MS, "uring"),
    ...SIZES.map(blocked),
    ...SIZES.map(inject),
    roundTrip("event loop"),
    roundTrip("polling"),
  ],
};

export default suite;
