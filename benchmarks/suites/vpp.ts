// A real VPP at the other end: its packet generator and its counters, on a VPP of ours or on a user's.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { vppProgram } from "../../test/support/machine/programs.js";
import {
  atLeast,
  atMost,
  differenceAtMost,
  type Result,
  type Row,
  type Side,
  type Suite,
  type Trial,
  type Workspace,
} from "../harness/trial.js";
import { engine, libmemif } from "../trials/memif-peers.js";
import { facing, type Outside, receiveFrom, sendTo } from "../trials/outside.js";

const SIZES = [64, 1500];
const PUNT_SECONDS = 3;

/** The API socket of a user's VPP. Without it, a run starts a VPP of its own. */
const USERS_VPP = process.env.VPP_API_SOCKET;
const api = ({ folder }: Workspace) => USERS_VPP ?? join(folder, "api.sock");
const before = (workspace: Workspace) =>
  USERS_VPP === undefined ? [workspace.script("vpp/vpp", api(workspace), 0)] : [];

function unavailable(): string | undefined {
  if (USERS_VPP !== undefined) return existsSync(USERS_VPP) ? undefined : `there is no ${USERS_VPP}`;
  return vppProgram() === undefined ? "there is no VPP here" : undefined;
}

const vpp: Outside = {
  name: "VPP",
  before,
  source: (w, socket, size, seconds) => w.script("vpp/memif", api(w), socket, "source", size, seconds),
  sink: (w, socket) => w.script("vpp/memif", api(w), socket, "sink"),
  unavailable,
};

/** Runs a receiver at the punt socket `client` of the run's folder, with VPP's socket at `vpp`. */
function puntTo(rate: number, receiver: (w: Workspace, vppPath: string, path: string) => string[]): Side {
  return (w) => {
    const generator = w.script("vpp/punts", api(w), 64, PUNT_SECONDS * rate, rate);
    const measured = receiver(w, join(w.folder, "vpp"), join(w.folder, "client"));
    return facing([...before(w), w.script("vpp/punt", api(w), w.folder)], measured, generator);
  };
}

/** Receives UDP that VPP punts; the peer's socket is connected to VPP's too. */
function punts(rate: number, lost: Row["target"]): Trial {
  return {
    name: `PUNT_TO_SOCKET, ${rate / 1000} kpps of 64 B from VPP`,
    ours: puntTo(rate, (w, vppPath, path) => w.script("punt-socket/receiver", vppPath, path)),
    peer: puntTo(rate, (w, vppPath, path) => [w.peer("punt_receiver"), vppPath, path, "epoll"]),
    rows: [
      {
        name: "lost",
        unit: "%",
        value: (results) => (100 * (generated(results) - received(results))) / generated(results),
        target: lost,
      },
      {
        name: "lost, and not counted by VPP",
        unit: "packets",
        value: (results) => generated(results) - received(results) - results.at(-1)!.refused!,
        target: atMost(0),
      },
      { name: "rate at VPP", unit: "pps", value: (results) => results.at(-1)!.pps!, target: atLeast(0.9 * rate) },
      {
        name: "user CPU a packet",
        unit: "us",
        value: (results) => results.at(-2)!.userUs! / (results.at(-2)!.counted ?? received(results)),
        target: differenceAtMost(0.3),
      },
    ],
    unavailable,
  };
}

const generated = (results: Result[]) => results.at(-1)!.generated!;
const received = (results: Result[]) => results.at(-2)!.packets!;

const suite: Suite = {
  trials: [
    ...[libmemif, engine].flatMap((peers) => [
      ...SIZES.map((size) => receiveFrom(vpp, peers, size, 0.95)),
      ...SIZES.map((size) => sendTo(vpp, peers, "batch", size, 0.8)),
    ]),
    punts(20_000, atMost(0)),
    // A single hiccup of the machine is half a percent of such a run.
    punts(100_000, differenceAtMost(0.5)),
    punts(200_000, differenceAtMost(0.5)),
  ],
};

export default suite;
