// Trials of memif ports: the application in Node.js against the same program in C or C++.
import { native } from "../../lib/native.js";
import {
  atMost,
  type Place,
  ratioAtLeast,
  ratioAtMost,
  type Side,
  type Step,
  type Trial,
  type Workspace,
} from "../harness/trial.js";

/** The programs at the other end, and in place of ours on the peer's side. */
export interface Peers {
  /** The program that the figures are compared with, for names and charts. */
  readonly name: string;
  /** Returns the path of one of the programs: sink, source, echo, pinger, forwarder, filter. */
  program(workspace: Workspace, name: string): string;
  unavailable?(): string | undefined;
}

/** For how long a program measures. */
export const SECONDS = 1;
/** How a peer waits for packets if ours uses a mode: it looks at the ring, or sleeps on a doorbell. */
const PEER_WAIT = { polling: "poll", adaptive: "poll", interrupt: "sleep" } as const;
export type Mode = keyof typeof PEER_WAIT;
/** The form in which the sender gives packets to its port. */
export type How = "list" | "batch" | "slots";
/** From how many packets it copies, and so does the program in its place: what it reads is in a cache, or is not. */
const SOURCES: Readonly<Record<How, number>> = { list: 64, batch: 256, slots: 1 };

/** The command of a program at a memif socket. */
export type Command = (workspace: Workspace, socket: string) => string[];

/** Our receiver, and the program in its place: clients that read the first byte of each packet. */
export function receivers(peers: Peers, mode: Mode): { ours: Command; theirs: Command } {
  return {
    ours: (workspace, socket) =>
      workspace.script("memif/receiver", "--socket", socket, "--mode", mode, "--seconds", SECONDS),
    theirs: (workspace, socket) => [
      ...[peers.program(workspace, "sink"), "client", socket, PEER_WAIT[mode], `${SECONDS}`],
    ],
  };
}

/** Our sender, and the program in its place: clients that send as fast as the ring takes packets. */
export function senders(peers: Peers, how: How, size: number): { ours: Command; theirs: Command } {
  return {
    ours: (workspace, socket) =>
      workspace.script("memif/sender", "--socket", socket, "--how", how, "--size", size, "--seconds", SECONDS),
    theirs: (workspace, socket) => [
      ...[peers.program(workspace, "source"), "client", socket, `${size}`, `${SECONDS}`, `${SOURCES[how]}`],
    ],
  };
}

/** Two steps at a memif socket in the run's folder, each on a core of its own. */
export function pair(
  first: (socket: string) => string[],
  second: (socket: string) => string[],
  folder: string,
): Step[] {
  const socket = `${folder}/memif.sock`;
  return [
    { command: first(socket), cpu: 0 },
    { command: second(socket), cpu: 1 },
  ];
}

/** The far end and the measured program, each on a core of its own. */
function between(far: Command, measured: Command): Side {
  return (workspace) =>
    pair(
      (socket) => far(workspace, socket),
      (socket) => measured(workspace, socket),
      workspace.folder,
    );
}

/** Receives from a source that keeps the ring full, and reads the first byte of each packet. */
export function receive(peers: Peers, size: number, mode: Mode, least: number, place?: Place): Trial {
  const source: Command = (workspace, socket) => [peers.program(workspace, "source"), "server", socket, `${size}`];
  const { ours, theirs } = receivers(peers, mode);
  return {
    name: `receive ${size} B, ${mode}, against ${peers.name}`,
    ours: between(source, ours),
    peer: between(source, theirs),
    ...(place && { place }),
    rows: [
      { name: "rate", unit: "pps", value: ([, sink]) => sink!.pps!, target: ratioAtLeast(least) },
      { name: "CPU a packet", unit: "ns", value: ([, sink]) => sink!.cpuNs!, target: ratioAtMost(1 / least) },
      { name: "lost", unit: "packets", value: ([from, sink]) => from!.sent! - sink!.received!, target: atMost(0) },
      { name: "GC", unit: "%", value: ([, sink]) => sink!.gcPercent ?? 0, target: atMost(1) },
    ],
    ...(peers.unavailable && { unavailable: peers.unavailable }),
  };
}

/** Sends packets, as fast as the ring takes them. */
export function send(peers: Peers, how: How, size: number, least: number, place?: Place): Trial {
  const sink: Command = (workspace, socket) => [peers.program(workspace, "sink"), "server", socket, "poll"];
  const { ours, theirs } = senders(peers, how, size);
  return {
    name: `send ${size} B, ${how}, against ${peers.name}`,
    ours: between(sink, ours),
    peer: between(sink, theirs),
    ...(place && { place }),
    rows: [
      { name: "rate", unit: "pps", value: ([, source]) => source!.pps!, target: ratioAtLeast(least) },
      { name: "lost", unit: "packets", value: ([to, source]) => source!.sent! - to!.received!, target: atMost(0) },
    ],
    ...(peers.unavailable && { unavailable: peers.unavailable }),
  };
}

/** Our receiver or sender over the system's libmemif (`engine: "libmemif"`), against the same program over the builtin engine. */
export function overLibmemif(peers: Peers, what: "receive" | "send", size: number): Trial {
  const trial = what === "receive" ? receive(peers, size, "polling", 0.9) : send(peers, "batch", size, 0.9);
  const ours: Side = (workspace) =>
    trial.ours(workspace).map((step) => ({
      ...step,
      command: step.cpu === 1 ? [...step.command, "--engine", "libmemif"] : step.command,
    }));
  return {
    ...trial,
    name: `${what} ${size} B over libmemif, against the builtin engine`,
    ours,
    peer: trial.ours,
    unavailable: () =>
      native.buildInfo().libmemif ? undefined : "the addon is built without libmemif (LIBMEMIF_PREFIX)",
  };
}

/** Names half of the flows of the source, as the table does. */
const HALF_OF_THE_FLOWS = "udp dst port 53 and src net 10.8.0.0/13";

/** Receives 64 B packets of a million flows, and drops those of half of the flows in native code: a table names them, or a BPF program. */
export function filtered(peers: Peers, by: "table" | "BPF", least: number): Trial {
  const what = by === "table" ? "a table of 524,288 flows" : "a BPF program";
  const [ours, theirs] = by === "table" ? [[], []] : [["--drop", HALF_OF_THE_FLOWS], [HALF_OF_THE_FLOWS]];
  const run = (workspace: Workspace, receiver: (socket: string) => string[]) =>
    pair(
      (socket) => [peers.program(workspace, "source"), "server", socket, "64", "0", "flows"],
      receiver,
      workspace.folder,
    );
  return {
    name: `receive 64 B behind ${what}, against ${peers.name}`,
    ours: (workspace) =>
      run(workspace, (socket) => workspace.script("memif/filtered", "--socket", socket, "--seconds", SECONDS, ...ours)),
    peer: (workspace) =>
      run(workspace, (socket) => [peers.program(workspace, "filter"), "client", socket, `${SECONDS}`, ...theirs]),
    rows: [
      { name: "rate", unit: "pps", value: ([, sink]) => sink!.pps!, target: ratioAtLeast(least) },
      { name: "lost", unit: "packets", value: ([from, sink]) => from!.sent! - sink!.received!, target: atMost(0) },
    ],
    ...(peers.unavailable && { unavailable: peers.unavailable }),
  };
}

/**
 * Forwards between two peers, which one process is: a handler that looks at every packet against C that copies it. Peers write
 * `"whole"` packets, which limits the rate of large ones, or `"headers"` only, as an end without a copy does.
 */
export function forwarding(
  peers: Peers,
  size: number,
  ways: 1 | 2,
  least: number,
  written: "whole" | "headers" = "whole",
): Trial {
  const run = (workspace: Workspace, command: (a: string, b: string) => string[]): Step[] => {
    const [a, b] = [`${workspace.folder}/a.sock`, `${workspace.folder}/b.sock`];
    const how = [...(ways === 2 ? ["both"] : []), ...(written === "headers" ? ["headers"] : [])];
    const loop = [peers.program(workspace, "loop"), a, b, `${size}`, `${SECONDS}`, ...how];
    return [
      { command: loop, cpu: 0 },
      { command: command(a, b), cpu: 1 },
    ];
  };
  return {
    name: `forward ${size} B, ${ways === 2 ? "both ways" : "one way"}${written === "headers" ? ", peers write headers" : ""}, against ${peers.name}`,
    ours: (workspace) => run(workspace, (a, b) => workspace.script("memif/forwarder", "--a", a, "--b", b)),
    peer: (workspace) => run(workspace, (a, b) => [peers.program(workspace, "forwarder"), a, b]),
    rows: [
      { name: "rate", unit: "pps", value: ([loop]) => loop!.pps!, target: ratioAtLeast(least) },
      { name: "lost", unit: "packets", value: ([loop]) => loop!.lost!, target: atMost(0) },
      { name: "out of order", unit: "packets", value: ([loop]) => loop!.disordered!, target: atMost(0) },
    ],
    ...(peers.unavailable && { unavailable: peers.unavailable }),
  };
}

/** Times round trips of one packet that the measured side sends back. */
export function roundTrip(
  peers: Peers,
  mode: "interrupt" | "polling",
  limits: { readonly p50: number; readonly p99: number },
): Trial {
  const rounds = mode === "polling" ? 100_000 : 10_000;
  const wait = PEER_WAIT[mode];
  const pinger = (workspace: Workspace) => (socket: string) => [
    ...[peers.program(workspace, "pinger"), "client", socket, wait, `${rounds}`],
  ];
  const ours: Side = (workspace) => {
    const echo = (socket: string) => [
      ...workspace.script("memif/echo", "--role", "server", "--socket", socket, "--mode", mode),
    ];
    return pair(echo, pinger(workspace), workspace.folder);
  };
  const theirs: Side = (workspace) => {
    const echo = (socket: string) => [peers.program(workspace, "echo"), "server", socket, wait];
    return pair(echo, pinger(workspace), workspace.folder);
  };
  return {
    name: `round trip 64 B, ${mode}, against ${peers.name}`,
    ours,
    peer: theirs,
    rows: [
      { name: "p50", unit: "us", value: ([, ping]) => ping!.p50!, target: ratioAtMost(limits.p50) },
      { name: "p99", unit: "us", value: ([, ping]) => ping!.p99!, target: ratioAtMost(limits.p99) },
    ],
    ...(peers.unavailable && { unavailable: peers.unavailable }),
  };
}
