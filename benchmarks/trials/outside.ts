// Trials of memif ports against a far end of others, DPDK or VPP: ours and a program in C at the same far end in turn.
import {
  atMost,
  differenceAtMost,
  type Result,
  type Row,
  ratioAtLeast,
  type Step,
  type Trial,
  type Workspace,
} from "../harness/trial.js";
import { type Command, type How, type Peers, receivers, SECONDS, senders } from "./memif.js";

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

/** The source sends for longer than the receiver measures. */
const SOURCE_SECONDS = SECONDS + 0.5;

/** The far end's processes on one core, the measured program on the other. The last process of the far end starts behind that. */
export function facing(before: readonly string[][], measured: string[], last: string[]): Step[] {
  return [...before.map((command) => ({ command, cpu: 0 })), { command: measured, cpu: 1 }, { command: last, cpu: 0 }];
}

interface Parts {
  /** The start of the name, such as `send 64 B, batch, to`. */
  readonly what: string;
  readonly ours: Command;
  readonly theirs: Command;
  /** The last process of the far end. */
  readonly last: Command;
  /** The least ratio of the rates. */
  readonly least: number;
  /** Packets lost between the ends. */
  lost(results: Result[]): number;
  readonly more?: readonly Row[];
}

function against(outside: Outside, peers: Peers, { what, ours, theirs, last, least, lost, more = [] }: Parts): Trial {
  const side = (measured: Command) => (workspace: Workspace) => {
    const socket = `${workspace.folder}/memif.sock`;
    return facing(outside.before(workspace), measured(workspace, socket), last(workspace, socket));
  };
  return {
    name: `${what} ${outside.name}, against ${peers.name}`,
    ours: side(ours),
    peer: side(theirs),
    rows: [
      { name: "rate", unit: "pps", value: (results) => results.at(-2)!.pps!, target: ratioAtLeast(least) },
      { name: `rate at ${outside.name}`, unit: "pps", value: (r) => r.at(-1)!.pps!, target: ratioAtLeast(least) },
      { name: "lost", unit: "packets", value: lost, target: atMost(0) },
      ...more,
    ],
    unavailable: () => outside.unavailable() ?? peers.unavailable?.(),
  };
}

/** Receives from a source that sends as fast as it can, and reads the first byte of each packet. */
export function receiveFrom(outside: Outside, peers: Peers, size: number, least: number): Trial {
  const refused: Row = {
    name: `refused by the full ring, at ${outside.name}`,
    unit: "%",
    value: (results) => refusedShare(results.at(-1)!),
    target: differenceAtMost(10),
  };
  return against(outside, peers, {
    what: `receive ${size} B from`,
    ...receivers(peers, "polling"),
    last: (workspace, socket) => outside.source(workspace, socket, size, SOURCE_SECONDS),
    least,
    lost: (results) => results.at(-1)!.packets! - results.at(-2)!.received!,
    more: [refused],
  });
}

function refusedShare({ packets, refused }: Result): number {
  return (100 * refused!) / (packets! + refused!);
}

/** Sends to a sink that counts, as fast as the ring takes packets. */
export function sendTo(outside: Outside, peers: Peers, how: How, size: number, least: number): Trial {
  return against(outside, peers, {
    what: `send ${size} B, ${how}, to`,
    ...senders(peers, how, size),
    last: (workspace, socket) => outside.sink(workspace, socket),
    least,
    // The packet that says the end to peers of ours comes on top.
    lost: (results) => results.at(-2)!.sent! + 1 - results.at(-1)!.packets!,
  });
}
