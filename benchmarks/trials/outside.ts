// Trials of memif ports against a far end of others, DPDK or VPP: ours and a program in C at the same far end in turn.
import { atMost, differenceAtMost, ratioAtLeast, type Side, type Trial, type Workspace } from "../harness/trial.js";
import type { How, Peers } from "./memif.js";

/** The far end: the server of a memif, whose last process prints `packets`, `pps` and `refused`, and ends the run. */
export interface Outside {
  readonly name: string;
  /** Returns the processes that the far end needs beside its last one, and that start before ours. */
  before(workspace: Workspace): string[][];
  /** Returns the command that sends packets of a size for some seconds, and closes the memif. */
  source(workspace: Workspace, socket: string, size: number, seconds: number): string[];
  /** Returns the command that receives until the packets stop, and closes the memif. */
  sink(workspace: Workspace, socket: string): string[];
  unavailable(): string | undefined;
}

const SECONDS = 1;
/** The source sends for longer than the receiver measures. */
const SOURCE_SECONDS = SECONDS + 0.5;

type Command = (workspace: Workspace, socket: string) => string[];

/** The far end on one core, the measured program on the other. */
function facing(outside: Outside, measured: Command, last: Command): Side {
  return (workspace) => {
    const socket = `${workspace.folder}/memif.sock`;
    return [
      ...outside.before(workspace).map((command) => ({ command, cpu: 0 })),
      { command: measured(workspace, socket), cpu: 1 },
      { command: last(workspace, socket), cpu: 0 },
    ];
  };
}

function missing(outside: Outside, peers: Peers): Pick<Trial, "unavailable"> {
  return { unavailable: () => outside.unavailable() ?? peers.unavailable?.() };
}

/** Receives from a source that sends as fast as it can, and reads the first byte of each packet. */
export function receiveFrom(outside: Outside, peers: Peers, size: number, least: number): Trial {
  const source: Command = (workspace, socket) => outside.source(workspace, socket, size, SOURCE_SECONDS);
  const ours: Command = (workspace, socket) =>
    workspace.script("memif/receiver", "--socket", socket, "--seconds", SECONDS);
  const theirs: Command = (workspace, socket) => [
    ...[peers.program(workspace, "sink"), "client", socket, "poll", `${SECONDS}`],
  ];
  return {
    name: `receive ${size} B from ${outside.name}, against ${peers.name}`,
    ours: facing(outside, ours, source),
    peer: facing(outside, theirs, source),
    rows: [
      { name: "rate", unit: "pps", value: (results) => results.at(-2)!.pps!, target: ratioAtLeast(least) },
      { name: `rate at ${outside.name}`, unit: "pps", value: (r) => r.at(-1)!.pps!, target: ratioAtLeast(least) },
      {
        name: "lost",
        unit: "packets",
        value: (results) => results.at(-1)!.packets! - results.at(-2)!.received!,
        target: atMost(0),
      },
      {
        name: `refused by the full ring, at ${outside.name}`,
        unit: "%",
        value: (results) => refusedShare(results.at(-1)!),
        target: differenceAtMost(10),
      },
    ],
    ...missing(outside, peers),
  };
}

function refusedShare({ packets, refused }: Record<string, number>): number {
  return (100 * refused!) / (packets! + refused!);
}

/** Sends to a sink that counts, as fast as the ring takes packets. */
export function sendTo(outside: Outside, peers: Peers, how: How, size: number, least: number): Trial {
  const sink: Command = (workspace, socket) => outside.sink(workspace, socket);
  const ours: Command = (workspace, socket) =>
    workspace.script("memif/sender", "--socket", socket, "--how", how, "--size", size, "--seconds", SECONDS);
  const theirs: Command = (workspace, socket) => [
    ...[peers.program(workspace, "source"), "client", socket, `${size}`, `${SECONDS}`],
  ];
  return {
    name: `send ${size} B, ${how}, to ${outside.name}, against ${peers.name}`,
    ours: facing(outside, ours, sink),
    peer: facing(outside, theirs, sink),
    rows: [
      { name: "rate", unit: "pps", value: (results) => results.at(-2)!.pps!, target: ratioAtLeast(least) },
      { name: `rate at ${outside.name}`, unit: "pps", value: (r) => r.at(-1)!.pps!, target: ratioAtLeast(least) },
      {
        name: "lost",
        unit: "packets",
        // The packet that says the end to peers of ours comes on top.
        value: (results) => results.at(-2)!.sent! + 1 - results.at(-1)!.packets!,
        target: atMost(0),
      },
    ],
    ...missing(outside, peers),
  };
}
